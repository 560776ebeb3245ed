//! Sessions whose codes the pace hears of, so that their screens are not slowed down with their neighbours.

use std::sync::Arc;

use async_trait::async_trait;
use saoma_domain::{
    ports::{Committed, Created, Freshness, Sessions, StoreError, WriteId},
    secrets::SessionCode,
    session::{Change, Session},
};

use crate::pace::Pace;

/// The sessions of a store. Each one that is really there is noted when it is opened or read. The code in a request proves
/// nothing, because its caller may have made it up (`docs/security.md` D11).
pub struct FoundSessions {
    /// The store.
    pub stored: Arc<dyn Sessions>,
    /// Remembers them.
    pub pace: Arc<Pace>,
}

#[async_trait]
impl Sessions for FoundSessions {
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError> {
        let created = self.stored.create(session, write).await?;
        if created == Created::Stored {
            self.pace.found(session.code.clone());
        }
        Ok(created)
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        let found = self.stored.find(code, freshness).await?;
        if let Some(session) = &found {
            self.pace.found(session.code.clone());
        }
        Ok(found)
    }

    async fn commit(&self, change: &Change, write: &WriteId) -> Result<Committed, StoreError> {
        self.stored.commit(change, write).await
    }
}
