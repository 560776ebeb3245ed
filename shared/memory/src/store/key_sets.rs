//! The key sets that instances fetched.

use async_trait::async_trait;
use saoma_domain::{
    issuer::KeySetUrl,
    ports::{KeptKeySet, KeySets, StoreError, WriteId},
    time::Timestamp,
};

use super::{Memory, let_others_in};

#[async_trait]
impl KeySets for Memory {
    async fn kept(&self, address: &KeySetUrl) -> Result<Option<KeptKeySet>, StoreError> {
        self.call(|data| data.key_sets.get(address).map(|(kept, _)| kept.clone()))
    }

    async fn take_turn(
        &self,
        address: &KeySetUrl,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let (kept, by) = data.key_sets.entry(address.clone()).or_default();
            if now < kept.next_at && by.as_ref() != Some(write) {
                return false;
            }
            (kept.next_at, *by) = (until, Some(write.clone()));
            true
        })
    }

    async fn keep(
        &self,
        address: &KeySetUrl,
        (text, fetched_at): (&str, Timestamp),
        next_at: Timestamp,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let (kept, by) = data.key_sets.entry(address.clone()).or_default();
            if kept.fetched.as_ref().is_none_or(|(_, at)| *at <= fetched_at) {
                *kept = KeptKeySet { fetched: Some((text.to_owned(), fetched_at)), next_at };
                *by = None;
            }
        })
    }
}
