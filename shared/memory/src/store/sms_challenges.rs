//! The codes sent by SMS, and how many an address asked for.

use std::net::IpAddr;

use async_trait::async_trait;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{SmsChallenges, StoreError},
    sms_code::SmsChallenge,
    time::Timestamp,
};

use super::Memory;

#[async_trait]
impl SmsChallenges for Memory {
    async fn challenge(&self, number: &PhoneNumber) -> Result<Option<SmsChallenge>, StoreError> {
        self.call(|data| data.challenges.get(number.as_str()).cloned())
    }

    async fn replace(&self, number: &PhoneNumber, next: &SmsChallenge) -> Result<bool, StoreError> {
        self.call(|data| {
            let stored = data.challenges.get(number.as_str()).map_or(0, |challenge| challenge.version);
            let follows = next.version == stored + 1;
            if follows {
                data.challenges.insert(number.as_str().to_owned(), next.clone());
            }
            follows
        })
    }

    async fn count_ip(&self, ip: IpAddr, now: Timestamp, limit: u32) -> Result<bool, StoreError> {
        self.call(|data| {
            let count = data.ip_counts.entry((ip, now.secs() / 86_400)).or_default();
            let allowed = *count < limit;
            *count += u32::from(allowed);
            allowed
        })
    }
}
