//! The phones that can be pushed to.

use async_trait::async_trait;
use saoma_domain::{
    identity::AccountId,
    ports::{PushEndpoints, StoreError},
    push::PushEndpoint,
};

use super::Memory;

#[async_trait]
impl PushEndpoints for Memory {
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<bool, StoreError> {
        self.call(|data| {
            let owner = endpoint.owner.account;
            let others = data.endpoints.values().filter(|kept| kept.owner.account == owner);
            let fits = others.filter(|kept| kept.token != endpoint.token).count() < PushEndpoint::MOST;
            if fits {
                data.endpoints.insert(endpoint.token.clone(), endpoint.clone());
            }
            fits
        })
    }

    async fn forget(&self, read: &PushEndpoint) -> Result<bool, StoreError> {
        self.call(|data| {
            let theirs = data.endpoints.get(&read.token).is_some_and(|kept| kept.owner == read.owner);
            theirs && data.endpoints.remove(&read.token).is_some()
        })
    }

    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError> {
        self.call(|data| {
            data.endpoints.values().filter(|kept| kept.owner.account == account).cloned().collect()
        })
    }
}
