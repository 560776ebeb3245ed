//! The phones that can be pushed to.

use async_trait::async_trait;
use saoma_domain::{
    history::Entry,
    identity::AccountId,
    ports::{EndpointKept, PushEndpoints, StoreError},
    push::PushEndpoint,
};

use super::Memory;

#[async_trait]
impl PushEndpoints for Memory {
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<EndpointKept, StoreError> {
        self.call(|data| {
            let owner = endpoint.owner.account;
            let others = data.endpoints.values().filter(|kept| kept.owner.account == owner);
            let fits = others.filter(|kept| kept.token != endpoint.token).count() < PushEndpoint::MOST;
            if !fits {
                return EndpointKept::TooMany;
            }
            let before = data.endpoints.insert(endpoint.token.clone(), endpoint.clone());
            let loser = before.map(|before| before.owner.account).filter(|before| *before != owner);
            let taken_from = loser.map(|loser| {
                let entry = Entry::of_push_taken(&endpoint.token, endpoint.platform, endpoint.registered_at);
                let id = entry.id.clone();
                data.history.entry((loser.to_string(), id.clone())).or_insert(entry);
                (loser, id)
            });
            EndpointKept::Stored { taken_from }
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
