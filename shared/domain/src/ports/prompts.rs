//! The stores behind a login without a scan: the calls that wait for answers, and the prompts people were sent.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    identity::{AccountId, Phone, SignInId},
    pairing::Trace,
    prompt_log::NotedPrompt,
    secrets::SessionCode,
    session::TraceId,
    time::Timestamp,
};

/// The calls of hosted clients that wait for answers (`docs/remembered.md`).
#[async_trait]
pub trait Traces: Send + Sync {
    /// Stores a new trace. It never changes.
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError>;

    /// The trace with this id. It is found from the moment it was stored, and may be found after its time is
    /// over.
    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError>;
}

/// The prompts that people were sent, and whether a phone is there to see one.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// Notes a prompt that is about to be sent, as one atomic step. `false`, and not noted, when the person was asked
    /// too often, as [`PromptLog`](crate::prompt_log::PromptLog) says (`docs/security.md` H1, K14). Noting the same
    /// code again changes nothing and succeeds, because the first answer may have been lost (K12).
    async fn note(&self, account: AccountId, prompt: &NotedPrompt) -> Result<bool, StoreError>;

    /// The sessions of the last prompts that were noted after this moment, newest first, as many as the log holds.
    /// Prompts that have ended are among them.
    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError>;

    /// Marks a phone as present: its app asked for the prompts that wait, and will ask again.
    async fn mark_present(&self, phone: &Phone, now: Timestamp) -> Result<(), StoreError>;

    /// The phones of this person that were marked at this moment or after it.
    async fn present(&self, account: AccountId, since: Timestamp) -> Result<Vec<SignInId>, StoreError>;
}
