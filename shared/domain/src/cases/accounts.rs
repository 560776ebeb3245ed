//! Accounts, as operators keep them: find, lock, unlock, end all sign-ins.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use crate::{
    account::{Account, AccountStatus},
    identity::{AccountId, Identity, PhoneNumber},
    ports::{Accounts, StoreError},
    time::Timestamp,
};

/// The accounts over their port.
#[derive(Clone)]
pub struct AccountKeeper {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
}

/// How an operator names an account.
#[derive(Clone, Debug)]
pub enum Found {
    /// By its id.
    ById(AccountId),
    /// By the number it signs in with.
    ByNumber(PhoneNumber),
}

/// Why an account was not found or not changed.
#[derive(Clone, Debug, Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// It was deleted for good.
    #[error("the account was deleted")]
    Deleted,
    /// The store failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountKeeper {
    /// An account, as last written.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] or [`AccountError::Store`].
    pub async fn find(&self, which: &Found) -> Result<Account, AccountError> {
        let found = match which {
            Found::ById(id) => self.accounts.account(*id).await?,
            Found::ByNumber(number) => self.accounts.account_by(&Identity::Phone(number.clone())).await?,
        };
        found.ok_or(AccountError::Unknown)
    }

    /// Locks or unlocks an account. A locked account is refused everywhere; its sign-ins live on when it is unlocked.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn set_status(&self, which: &Found, status: AccountStatus) -> Result<Account, AccountError> {
        let account = self.usable(which).await?;
        let kept = self.accounts.set_status(account.id, status).await?;
        if kept { Ok(Account { status, ..account }) } else { Err(AccountError::Deleted) }
    }

    /// Ends every sign-in that began before this call, and every confirmation that was made before it.
    ///
    /// Sign-ins record when they began in whole seconds, so one that begins within the same second is ended too.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn end_sign_ins(&self, which: &Found, now: Timestamp) -> Result<Account, AccountError> {
        let account = self.usable(which).await?;
        let credentials_at = now.whole_secs().plus(Duration::from_secs(1)).max(account.credentials_at);
        let kept = self.accounts.reset_credentials(account.id, credentials_at).await?;
        if kept { Ok(Account { credentials_at, ..account }) } else { Err(AccountError::Deleted) }
    }

    async fn usable(&self, which: &Found) -> Result<Account, AccountError> {
        let account = self.find(which).await?;
        if account.status == AccountStatus::Deleted { Err(AccountError::Deleted) } else { Ok(account) }
    }
}
