//! What a contract promises to do when a person agrees.

use async_trait::async_trait;

use super::StoreError;
use crate::{identity::Phone, session::Session, time::Timestamp};

/// What stays of a confirmed login: a machine bound to the member, a pair that may be asked without a scan, a
/// visit counted. Each function wires what its own contracts need.
#[async_trait]
pub trait OnConfirm: Send + Sync {
    /// Does it. This is called again whenever the confirmation is repeated, so doing it twice must come to the
    /// same as doing it once.
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError>;
}
