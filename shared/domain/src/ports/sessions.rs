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
    /// May be a moment old; half the price. Enough for a poll.
    Eventual,
    /// What was last written.
    Strong,
}

/// What became of a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Stored,
    /// The code is taken; nothing was touched.
    Collision,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is stored; this is the session now.
    Stored(Session),
    /// The stored session was not the one decided on; this is what it is. Nothing was touched.
    Behind(Session),
    /// There is no such session.
    Gone,
}

/// The sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a new session unless its code is taken. Where `write` itself took it, that is a success.
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError>;

    /// The session with this code, expired or not: what is past its time may linger for days, and
    /// callers compare `expires_at` themselves.
    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError>;

    /// Stores `change` if [`Change::may_replace`] holds of what is stored, in one step that no other
    /// write can come between. Where what is stored is the work of `write` itself, that is a success.
    async fn commit(&self, change: &Change, write: &WriteId) -> Result<Committed, StoreError>;
}
