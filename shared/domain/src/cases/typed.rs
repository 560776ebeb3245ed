//! A person types a user code instead of scanning (RFC 8628 section 3.3).

use std::{net::IpAddr, sync::Arc, time::Duration};

use thiserror::Error;

use super::Logins;
use crate::{
    identity::AccountId,
    oauth::{UserCode, typing},
    ports::{KeyedHash, StoreError, Tries},
    secrets::SessionCode,
    session::{Dialect, Standing},
    sms_budget::{Budget, Charge},
    time::Timestamp,
};

/// Finds the session of a typed code, over its ports.
#[derive(Clone)]
pub struct TypedCodes {
    /// The sessions.
    pub logins: Logins,
    /// The counts of wrong codes.
    pub tries: Arc<dyn Tries>,
    /// The keys that no table holds.
    pub keys: Arc<dyn KeyedHash>,
}

/// Why a typed code leads nowhere.
#[derive(Clone, Debug, Error)]
pub enum TypedError {
    /// No session that waits has this code. Callers do not learn whether one had it.
    #[error("no such user code")]
    Unknown,
    /// Too many wrong codes.
    #[error("too many wrong user codes; wait {0:?}")]
    TooMany(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TypedCodes {
    /// The session of a code that a signed-in person typed. Each try is counted before the code is looked up, so tries
    /// at the same moment are counted one by one. A right code is not counted.
    ///
    /// # Errors
    /// [`TypedError`].
    pub async fn find(
        &self,
        code: &UserCode,
        account: AccountId,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<SessionCode, TypedError> {
        let budgets = typing::budgets(account, source, now);
        let charges: Vec<Charge> = budgets.iter().filter_map(|budget| budget.charge(1, &[0], 0)).collect();
        if !self.tries.take(&charges).await? {
            let wait = budgets.first().map_or(Duration::ZERO, |budget: &Budget| budget.wait(now));
            return Err(TypedError::TooMany(wait));
        }
        let found = self.waiting(code, now).await?.ok_or(TypedError::Unknown)?;
        self.tries.give_back(&charges).await?;
        Ok(found)
    }

    async fn waiting(&self, code: &UserCode, now: Timestamp) -> Result<Option<SessionCode>, StoreError> {
        for code in code.session_codes(&*self.keys) {
            let session = self.logins.look_up(&code).await?;
            let goes_on = |standing| matches!(standing, Standing::Waiting | Standing::Scanned);
            if session.is_some_and(|it| it.dialect() == Dialect::Oauth && goes_on(it.standing(now))) {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }
}
