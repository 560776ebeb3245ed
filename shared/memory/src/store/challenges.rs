//! The codes sent by SMS, the callers who asked for them, and the counts of networks.

use std::net::IpAddr;

use async_trait::async_trait;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Challenges, StoreError, WriteId},
    sms_challenge::{Challenge, ChallengeId, Records},
    time::Timestamp,
};

use super::{Data, Memory, let_others_in};

#[async_trait]
impl Challenges for Memory {
    async fn records(&self, id: &ChallengeId) -> Result<Option<Records>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let (challenge, _) = data.challenges.get(id)?.clone();
            let (lane, _) = data.lanes.get(challenge.number.as_str()).cloned().unwrap_or_default();
            Some(Records { lane, challenge })
        })
    }

    async fn records_of(&self, id: &ChallengeId, number: &PhoneNumber) -> Result<Records, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let (lane, _) = data.lanes.get(number.as_str()).cloned().unwrap_or_default();
            let challenge = data.challenges.get(id).map(|(challenge, _)| challenge.clone());
            Records { lane, challenge: challenge.unwrap_or_else(|| Challenge::new(number.clone())) }
        })
    }

    async fn replace(
        &self,
        id: &ChallengeId,
        before: &Records,
        next: &Records,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| replace(data, id, before, next, write))
    }

    async fn count_ip(
        &self,
        ip: IpAddr,
        now: Timestamp,
        limit: u32,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        self.call(|data| {
            let (count, last) = data.ip_counts.entry((ip, now.secs() / 86_400)).or_default();
            if last.as_ref() == Some(write) {
                return true;
            }
            let allowed = *count < limit;
            if allowed {
                (*count, *last) = (*count + 1, Some(write.clone()));
            }
            allowed
        })
    }
}

fn replace(data: &mut Data, id: &ChallengeId, before: &Records, next: &Records, write: &WriteId) -> bool {
    let challenge = data.challenges.get(id);
    if challenge.is_some_and(|(_, last)| last == write) {
        return true;
    }
    let number = next.challenge.number.as_str();
    let lane = data.lanes.get(number).map_or(0, |(lane, _)| lane.version);
    let follows = lane == before.lane.version
        && challenge.map_or(0, |(challenge, _)| challenge.version) == before.challenge.version;
    if follows {
        data.lanes.insert(number.to_owned(), (next.lane.clone(), Some(write.clone())));
        data.challenges.insert(id.clone(), (next.challenge.clone(), write.clone()));
    }
    follows
}
