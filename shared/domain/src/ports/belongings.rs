//! What an account has, as its person lists and ends it.

use async_trait::async_trait;

use super::{StoreError, WriteId};
use crate::{
    account::Account,
    belongings::{Machine, Page, Pair, Turn},
    history::{Entry, EntryId},
    identity::{AccountId, ClientId},
    session::LoginPolicy,
    sign_in::SignIn,
    text::CleanText,
    time::Timestamp,
};

/// What happened to the accounts, as the functions where it happens write it.
#[async_trait]
pub trait HistoryWriter: Send + Sync {
    /// Writes an entry, unless it is there. An entry that is there stays as it is.
    async fn write(&self, account: AccountId, entry: &Entry) -> Result<(), StoreError>;

    /// The entry with this id, as last written.
    async fn entry(&self, account: AccountId, id: &EntryId) -> Result<Option<Entry>, StoreError>;
}

/// The lists of an account. All of them are read page by page, and a page is one read of bounded size.
#[async_trait]
pub trait Belongings: Send + Sync {
    /// The sign-ins, also those that are over and still stored.
    async fn sign_ins(&self, turn: &Turn) -> Result<Page<SignIn>, StoreError>;

    /// The history, newest first.
    async fn history(&self, turn: &Turn) -> Result<Page<Entry>, StoreError>;

    /// The machines.
    async fn machines(&self, turn: &Turn) -> Result<Page<Machine>, StoreError>;

    /// The pairs.
    async fn pairs(&self, turn: &Turn) -> Result<Page<Pair>, StoreError>;

    /// Notes in the history that the person ended a login. One that was ended before keeps its time. `false` when the
    /// account has no login with this id.
    async fn end_login(&self, account: AccountId, id: &EntryId, at: Timestamp) -> Result<bool, StoreError>;

    /// Forgets a machine; `false` when the account does not have it. Forgetting it again succeeds for a day, because
    /// the first answer may have been lost. A confirmation of an earlier login does not bind it again.
    async fn forget_machine(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets a pair; `false` when the account does not have it. Again, it succeeds for a day. A confirmation of the
    /// login that made the pair does not make it again.
    async fn forget_pair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Deletes accounts.
#[async_trait]
pub trait Leaving: Send + Sync {
    /// Marks an account as deleted and takes its identities from it, in one step. Only its number stays, marked as
    /// deleted, until `forget_at`. Doing it twice is doing it once.
    async fn mark_deleted(
        &self,
        account: &Account,
        forget_at: Timestamp,
        write: &WriteId,
    ) -> Result<(), StoreError>;

    /// Removes at most `most` records of an account, in the order in which they could still do something. `true` when
    /// nothing is left but the mark.
    async fn remove(&self, account: AccountId, most: usize) -> Result<bool, StoreError>;
}
