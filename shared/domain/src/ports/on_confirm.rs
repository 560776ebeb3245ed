//! What a contract does when a person agrees.

use async_trait::async_trait;

use super::StoreError;
use crate::{identity::Phone, session::Session, time::Timestamp};

/// Does what a contract promises for a confirmed login: binds a machine to the member, remembers the pair for a
/// login without a scan, counts a visit. Each function wires what its own contracts need.
#[async_trait]
pub trait OnConfirm: Send + Sync {
    /// Does it. A repeated confirmation calls this again, so doing it twice must have the same result as doing
    /// it once.
    async fn confirmed(&self, session: &Session, by: &Phone, now: Timestamp) -> Result<(), StoreError>;

    /// The person said no to this session, perhaps after agreeing to it. Takes back what would let its device ask
    /// again without a scan. Doing it twice must have the same result as doing it once.
    async fn declined(&self, _session: &Session, _by: &Phone) -> Result<(), StoreError> {
        Ok(())
    }
}
