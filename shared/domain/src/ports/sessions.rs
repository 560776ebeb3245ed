//! The store of sessions.

use async_trait::async_trait;

use super::{StoreError, WriteId};
use crate::{
    secrets::SessionCode,
    session::{Change, Session},
};

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The copy may be a moment old. It costs half as much, and is enough for a poll.
    Eventual,
    /// The newest version.
    Strong,
}

/// The result of storing a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Stored,
    /// The code is taken; nothing was written.
    Collision,
}

/// The result of storing a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is stored; this is the session now.
    Stored(Session),
    /// The stored session is not the one that was decided on; this is the stored one. Nothing was written.
    Behind(Session),
    /// There is no such session.
    Gone,
}

/// The sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a new session unless its code is taken. Repeating a `write` that has stored it succeeds.
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError>;

    /// The session with this code. An expired session may stay in the table for days, so callers compare
    /// `expires_at` themselves.
    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError>;

    /// Stores `change` if [`Change::may_replace`] holds of the stored session, as one atomic step. Repeating a
    /// `write` that has stored it succeeds.
    async fn commit(&self, change: &Change, write: &WriteId) -> Result<Committed, StoreError>;
}
