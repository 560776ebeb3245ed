//! How an account is deleted.

use async_trait::async_trait;
use saoma_domain::{
    account::{Account, AccountStatus},
    identity::AccountId,
    ports::{Leaving, StoreError, WriteId},
    time::Timestamp,
};

use super::{Data, Memory};

#[async_trait]
impl Leaving for Memory {
    async fn mark_deleted(&self, account: &Account, _: Timestamp, _: &WriteId) -> Result<(), StoreError> {
        self.call(|data| {
            data.identities.retain(|_, owner| *owner != account.id);
            if let Some(stored) = data.accounts.get_mut(&account.id.to_string()) {
                (stored.status, stored.phone_number) = (AccountStatus::Deleted, None);
            }
        })
    }

    async fn remove(&self, account: AccountId, most: usize) -> Result<bool, StoreError> {
        self.call(|data| {
            let removed = (0..most).take_while(|_| remove_one(data, account)).count();
            removed < most
        })
    }
}

/// Removes one record of an account; `false` when there is none.
fn remove_one(data: &mut Data, account: AccountId) -> bool {
    let id = account.to_string();
    macro_rules! first_of {
        ($map:expr) => {
            if let Some(key) = $map.keys().find(|key| key.0 == id).cloned() {
                $map.remove(&key);
                return true;
            }
        };
    }
    first_of!(data.sign_ins);
    first_of!(data.known);
    first_of!(data.pairs);
    first_of!(data.machines);
    first_of!(data.history);
    data.present.remove(&account).is_some()
        || data.prompts.remove(&account).is_some()
        || data.visits.remove(&account).is_some()
}
