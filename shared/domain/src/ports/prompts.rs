//! The stores behind a login without a scan: who waits for its answer, and what people were asked.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    identity::{AccountId, Phone, SignInId},
    pairing::Trace,
    secrets::SessionCode,
    session::TraceId,
    time::Timestamp,
};

/// The calls of hosted clients that wait for answers (CONTRACTS section 3).
#[async_trait]
pub trait Traces: Send + Sync {
    /// Stores a new trace. It never changes.
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError>;

    /// The trace with this id, which is found from the moment it was stored; it may linger past its
    /// time.
    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError>;
}

/// The prompts that people were sent, and whether a phone is there to see one.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// Notes a prompt about to be sent, in one step that no other can come between; `false`, and not
    /// noted, when it would be the fourth within [`PROMPT_WINDOW`](crate::pairing::PROMPT_WINDOW)
    /// (ADVERSARIES H1). Noting the same code again changes nothing and succeeds: the first answer may have been
    /// lost (`docs/security.md` K12).
    async fn note(&self, account: AccountId, code: &SessionCode, now: Timestamp) -> Result<bool, StoreError>;

    /// The sessions of the last three prompts that were noted after this moment, newest first, however
    /// they ended.
    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError>;

    /// This phone asked for what waits, and will ask again.
    async fn mark_present(&self, phone: &Phone, now: Timestamp) -> Result<(), StoreError>;

    /// The phones of this person that were marked at this moment or after it.
    async fn present(&self, account: AccountId, since: Timestamp) -> Result<Vec<SignInId>, StoreError>;
}
