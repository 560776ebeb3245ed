//! The prompts people were sent, and whether a phone is there to see one.

use async_trait::async_trait;
use saoma_domain::{
    identity::{AccountId, Phone, SignInId},
    ports::{Prompts, StoreError},
    prompt_log::{NotedPrompt, Noting, PromptLog},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Memory, let_others_in};

#[async_trait]
impl Prompts for Memory {
    async fn note(&self, account: AccountId, prompt: &NotedPrompt) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let log = data.prompts.entry(account).or_default();
            match log.note(prompt.clone()) {
                Noting::Allowed(next) => *log = next,
                Noting::Known => {}
                Noting::TooMany => return false,
            }
            true
        })
    }

    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError> {
        self.call(|data| {
            let noted = data.prompts.get(&account).map(PromptLog::noted).into_iter().flatten();
            noted.filter(|noted| noted.at > after).map(|noted| noted.code.clone()).collect()
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
