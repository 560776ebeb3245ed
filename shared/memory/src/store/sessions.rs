//! The sessions, with the guard in the write.

use async_trait::async_trait;
use saoma_domain::{
    ports::{Committed, Created, Freshness, Sessions, StoreError, WriteId},
    secrets::SessionCode,
    session::{Change, Session},
};

use super::{Memory, let_others_in};

#[async_trait]
impl Sessions for Memory {
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError> {
        let_others_in().await;
        self.call(|data| match data.sessions.get(session.code.as_str()) {
            Some((_, last)) if last == write => Created::Stored,
            Some(_) => Created::Collision,
            None => {
                let stored = (session.clone(), write.clone());
                data.sessions.insert(session.code.as_str().to_owned(), stored);
                Created::Stored
            }
        })
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stale = data.stale.get(code.as_str()).filter(|_| freshness == Freshness::Eventual);
            match stale {
                Some(stale) => stale.clone(),
                None => data.sessions.get(code.as_str()).map(|(session, _)| session.clone()),
            }
        })
    }

    async fn commit(&self, change: &Change, write: &WriteId) -> Result<Committed, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let Some((stored, last)) = data.sessions.get_mut(change.code().as_str()) else {
                return Committed::Gone;
            };
            if last == write {
                return Committed::Stored(stored.clone());
            }
            if !change.may_replace(stored) {
                return Committed::Behind(stored.clone());
            }
            (*stored, *last) = (change.applied_to(stored), write.clone());
            Committed::Stored(stored.clone())
        })
    }
}
