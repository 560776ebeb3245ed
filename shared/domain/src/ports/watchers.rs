//! Screens that watch a session, and how they are told.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    identity::AccountId,
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// Who watches a session, or the questions to a person. A phone's step reads a session's watchers together with the session
/// ([`Checks::phone_and_session`]), so finding them takes no call of its own. Those of a person are read with
/// [`Watchers::watching`].
///
/// [`Checks::phone_and_session`]: super::Checks::phone_and_session
#[async_trait]
pub trait Watchers: Send + Sync {
    /// Lets a screen watch a session, or a phone the questions to its person. The record may be deleted after `until`. Of all
    /// that watch the same, the newest [`MOST_WATCHERS`] stay. Repeating the call changes nothing.
    ///
    /// [`MOST_WATCHERS`]: crate::watching::MOST_WATCHERS
    async fn watch(&self, subject: &WatchRef, watcher: &Watcher, until: Timestamp) -> Result<(), StoreError>;

    /// Who watches, the newest first. The answer may be a moment old.
    async fn watching(&self, watched: &WatchRef) -> Result<Vec<Watcher>, StoreError>;

    /// The phones that are told of questions to this person now, the newest first.
    async fn phones_of(&self, person: AccountId, now: Timestamp) -> Result<Vec<Watcher>, StoreError> {
        let mut phones = self.watching(&WatchRef::of_person(person)).await?;
        phones.retain(|phone| phone.is_told_of_questions(now));
        Ok(phones)
    }

    /// Forgets one whose connection is closed. Forgetting one that does not watch changes nothing.
    async fn forget(&self, subject: &WatchRef, watcher: &Watcher) -> Result<(), StoreError>;
}

/// Tells screens to ask how their session stands, and phones to ask which questions wait.
///
/// A message holds no state, secret or name, and nothing works only with it: a screen that is not told asks by itself, a
/// little later.
#[async_trait]
pub trait Tell: Send + Sync {
    /// Tells these screens, all at the same time, and forgets those whose connection is closed. It takes a fifth of a second at
    /// most; what has not arrived by then counts as failed. Callers go on either way.
    async fn tell(&self, subject: &WatchRef, watchers: &[Watcher], now: Timestamp) -> Result<(), StoreError>;

    /// Tells a person's phones to ask which questions wait, because one came or one ended. It reads who watches, and takes
    /// a fifth of a second at most for the rest. Callers go on either way.
    async fn tell_person(&self, person: AccountId, now: Timestamp) -> Result<(), StoreError>;
}
