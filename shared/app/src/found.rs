//! Sessions whose codes the pace hears of, so that their screens and phones are not slowed down with their neighbours.

use std::sync::Arc;

use async_trait::async_trait;
use saoma_domain::{
    identity::Phone,
    ports::{
        Checks, Committed, Created, Freshness, RedemptionRecords, Sessions, StepRecords, StoreError, WriteId,
    },
    secrets::SessionCode,
    session::{Change, Session},
    sign_in::PhoneRecords,
};

use crate::pace::Pace;

/// The sessions of a store. Each one that is really there is noted when it is opened, read or changed. The code in a request
/// proves nothing, because its caller may have made it up (`docs/security.md` D11).
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
        let committed = self.stored.commit(change, write).await?;
        if let Committed::Stored(session) | Committed::Behind(session) = &committed {
            self.pace.found(session.code.clone());
        }
        Ok(committed)
    }
}

/// The checks of a store. A phone's step reads its session here, together with the phone, and not from [`FoundSessions`]. So
/// the session is noted here in the same way.
pub struct FoundChecks {
    /// The store.
    pub stored: Arc<dyn Checks>,
    /// Remembers the sessions.
    pub pace: Arc<Pace>,
}

#[async_trait]
impl Checks for FoundChecks {
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError> {
        self.stored.phone(phone).await
    }

    async fn redemption(&self, phone: &Phone, session: &Session) -> Result<RedemptionRecords, StoreError> {
        self.stored.redemption(phone, session).await
    }

    async fn phone_and_session(&self, phone: &Phone, code: &SessionCode) -> Result<StepRecords, StoreError> {
        let found = self.stored.phone_and_session(phone, code).await?;
        if let Some(session) = &found.session {
            self.pace.found(session.code.clone());
        }
        Ok(found)
    }
}
