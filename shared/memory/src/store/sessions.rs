//! The sessions, with the guard in the write.

use async_trait::async_trait;
use saoma_domain::{
    ports::{Committed, Created, Freshness, Sessions, StoreError},
    secrets::SessionCode,
    session::{Change, Session},
};

use super::{Memory, let_others_in};

#[async_trait]
impl Sessions for Memory {
    async fn create(&self, session: &Session) -> Result<Created, StoreError> {
        let_others_in().await;
        self.call(|data| {
            if data.sessions.contains_key(session.code.as_str()) {
                return Created::Collision;
            }
            data.sessions.insert(session.code.as_str().to_owned(), session.clone());
            Created::Stored
        })
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stale = data.stale.get(code.as_str()).filter(|_| freshness == Freshness::Eventual);
            stale.or_else(|| data.sessions.get(code.as_str())).cloned()
        })
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let Some(stored) = data.sessions.get_mut(change.code().as_str()) else {
                return Committed::Gone;
            };
            if !change.may_replace(stored) {
                return Committed::Behind(stored.clone());
            }
            *stored = change.applied_to(stored);
            Committed::Stored(stored.clone())
        })
    }
}
