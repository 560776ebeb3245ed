//! The prompts people were sent, and whether a phone is there to see one.

use async_trait::async_trait;
use saoma_domain::{
    identity::{AccountId, Phone, SignInId},
    pairing::{PROMPT_WINDOW, PROMPTS_IN_WINDOW},
    ports::{Prompts, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Memory, let_others_in};

#[async_trait]
impl Prompts for Memory {
    async fn note(&self, account: AccountId, code: &SessionCode, now: Timestamp) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let noted = data.prompts.entry(account).or_default();
            if noted.iter().any(|(_, before)| before == code) {
                return true;
            }
            let third = noted.iter().rev().nth(PROMPTS_IN_WINDOW - 1);
            let allowed = third.is_none_or(|(at, _)| now.since(*at) >= PROMPT_WINDOW);
            if allowed {
                noted.push((now, code.clone()));
            }
            allowed
        })
    }

    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError> {
        self.call(|data| {
            let noted = data.prompts.get(&account).into_iter().flatten().rev().take(PROMPTS_IN_WINDOW);
            noted.filter(|(at, _)| *at > after).map(|(_, code)| code.clone()).collect()
        })
    }

    async fn mark_present(&self, phone: &Phone, now: Timestamp) -> Result<(), StoreError> {
        self.call(|data| {
            data.present.entry(phone.account).or_default().insert(phone.sign_in.clone(), now);
        })
    }

    async fn present(&self, account: AccountId, since: Timestamp) -> Result<Vec<SignInId>, StoreError> {
        self.call(|data| {
            let phones = data.present.get(&account).into_iter().flatten();
            phones.filter(|(_, at)| **at >= since).map(|(phone, _)| phone.clone()).collect()
        })
    }
}
