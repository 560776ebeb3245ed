//! Accounts, as operators keep them: find, lock, unlock, end all sign-ins.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use crate::{
    account::{Account, AccountStatus},
    history::{Act, Entry},
    identity::{AccountId, Identity},
    ports::{Accounts, HistoryWriter, StoreError},
    time::Timestamp,
};

/// The accounts over their port.
#[derive(Clone)]
pub struct AccountKeeper {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Where the person reads what an operator did.
    pub history: Arc<dyn HistoryWriter>,
}

/// How an operator names an account.
#[derive(Clone, Debug)]
pub enum Found {
    /// By its id.
    ById(AccountId),
    /// By who signs in with it.
    By(Identity),
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
            Found::By(identity) => self.accounts.account_by(identity).await?,
        };
        found.ok_or(AccountError::Unknown)
    }

    /// An account that was not deleted, as last written.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn usable(&self, which: &Found) -> Result<Account, AccountError> {
        let account = self.find(which).await?;
        if account.status == AccountStatus::Deleted { Err(AccountError::Deleted) } else { Ok(account) }
    }

    /// Locks or unlocks an account. A locked account is refused everywhere; its sign-ins live on when it is unlocked.
    ///
    /// The history says so before it happens, and not once more when the account is so already. A call that failed in
    /// between and is repeated leaves two entries, and never none. An entry that cannot be written stops nothing.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn set_status(
        &self,
        which: &Found,
        status: AccountStatus,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        let account = self.usable(which).await?;
        if account.status != status {
            let act = if status == AccountStatus::Active { Act::Unlocked } else { Act::Locked };
            self.note(&account, act, now).await;
        }
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
        self.note(&account, Act::EndedSignIns, now).await;
        let kept = self.accounts.reset_credentials(account.id, credentials_at).await?;
        if kept { Ok(Account { credentials_at, ..account }) } else { Err(AccountError::Deleted) }
    }

    async fn note(&self, account: &Account, act: Act, now: Timestamp) {
        // The writer logs its failure.
        let _ = self.history.write(account.id, &Entry::of_operator(act, now)).await;
    }
}
