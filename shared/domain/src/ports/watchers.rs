//! Screens that watch a session, and how they are told.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    identity::AccountId,
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// Who watches a session. A phone's step reads it together with the session ([`Checks::phone_and_session`]), so finding
/// the watchers takes no call of its own. A person's phones watch in the same way; they are read by themselves.
///
/// [`Checks::phone_and_session`]: super::Checks::phone_and_session
#[async_trait]
pub trait Watchers: Send + Sync {
    /// Lets a screen watch a session, whose end is `until`. Of all that watch it the newest [`MOST_WATCHERS`] stay. Repeating
    /// the call changes nothing.
    ///
    /// [`MOST_WATCHERS`]: crate::watching::MOST_WATCHERS
    async fn watch(&self, session: &WatchRef, watcher: &Watcher, until: Timestamp) -> Result<(), StoreError>;

    /// The watchers, the newest first, as they were a moment ago or are now.
    async fn watching(&self, watched: &WatchRef) -> Result<Vec<Watcher>, StoreError>;

    /// Forgets a screen, whose connection is closed. Forgetting one that does not watch changes nothing.
    async fn forget(&self, session: &WatchRef, watcher: &Watcher) -> Result<(), StoreError>;
}

/// Tells screens to ask how their session stands.
///
/// A message holds no state, secret or name, and nothing works only with it: a screen that is not told asks by itself, a
/// little later.
#[async_trait]
pub trait Tell: Send + Sync {
    /// Tells these screens, all at the same time, and forgets those whose connection is closed. It takes a fifth of a second at
    /// most; what has not arrived by then counts as failed. Callers go on either way.
    async fn tell(&self, session: &WatchRef, watchers: &[Watcher], now: Timestamp) -> Result<(), StoreError>;

    /// Tells a person's phones to ask which questions wait, because one came or one ended. It reads who watches, and takes
    /// a fifth of a second at most for the rest. Callers go on either way.
    async fn tell_person(&self, person: AccountId, now: Timestamp) -> Result<(), StoreError>;
}
