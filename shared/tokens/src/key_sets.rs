//! The key sets that others publish (RFC 7517 section 5), fetched when they are needed, and kept by this instance and for all.
//!
//! A set is fetched again when it is old, and when a token names a key that is not in it. Between two fetches for unknown
//! keys there is a floor that all instances share, so a stranger who makes up names causes two fetches a minute and no more.
//! A server that does not answer costs one bounded wait; an old set stays usable for a while.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use saoma_domain::{
    issuer::KeySetUrl,
    ports::{Clock, KeptKeySet, KeySets, PublishedKeySets, Randomness, StoreError, WriteId},
    time::Timestamp,
};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::foreign::{ForeignKey, ForeignKeys};

/// After this time a set is fetched again.
pub const REFRESH_EVERY: Duration = Duration::from_mins(10);
/// How long a set stays usable while its server does not answer. A key that its owner took back counts no longer than that.
pub const USABLE_FOR: Duration = Duration::from_hours(6);
/// The shortest time between two fetches for unknown keys, or after one that failed.
pub const FETCH_FLOOR: Duration = Duration::from_secs(30);
/// How long a server may take to answer.
pub const FETCH_LIMIT: Duration = Duration::from_secs(2);
/// The most sets that an instance remembers.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(64) {
    Some(sets) => sets,
    None => NonZeroUsize::MIN,
};

/// Why there is no key set.
#[derive(Clone, Debug, Error)]
pub enum KeySetError {
    /// Its server does not answer with one, and no usable one is kept. The next fetch is made after this time.
    #[error("the key set cannot be fetched; the next try is in {0:?}")]
    Unavailable(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A set that this instance holds.
#[derive(Clone)]
struct Held {
    keys: Arc<ForeignKeys>,
    fetched_at: Timestamp,
}

impl Held {
    /// From what is kept for all instances. A text that is no key set counts as none.
    fn of(kept: &KeptKeySet) -> Option<Self> {
        let (text, fetched_at) = kept.fetched.as_ref()?;
        let keys = ForeignKeys::published(text).ok()?;
        Some(Self { keys: Arc::new(keys), fetched_at: *fetched_at })
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < REFRESH_EVERY
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < USABLE_FOR
    }

    fn has(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.keys.keys().iter().any(|key| key.kid() == Some(kid)))
    }
}

/// What this instance knows of one address.
#[derive(Default)]
struct Known {
    held: Option<Held>,
    /// The write that asked for the turn, and got no answer. It asks again, because it may have the turn.
    asking: Option<WriteId>,
}

type Slot = Arc<Mutex<Known>>;

/// The key sets of registered addresses. Callers pass no other address: nothing that a token names is fetched
/// (`docs/security.md` E6).
pub struct KeySetCache {
    published: Arc<dyn PublishedKeySets>,
    kept: Arc<dyn KeySets>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
    slots: StdMutex<LruCache<KeySetUrl, Slot>>,
}

impl KeySetCache {
    /// A cache that remembers nothing yet.
    pub fn new(
        published: Arc<dyn PublishedKeySets>,
        kept: Arc<dyn KeySets>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        Self { published, kept, clock, random, slots: StdMutex::new(LruCache::new(REMEMBERED)) }
    }

    /// The key set at a registered address, for a token that names the key `kid`. The set may not have that key: then it was
    /// just asked for, or the floor has not passed.
    ///
    /// Callers for one address wait for each other, at most [`FETCH_LIMIT`]; those for another address do not.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub async fn key_set(
        &self,
        address: &KeySetUrl,
        kid: Option<&str>,
    ) -> Result<Arc<ForeignKeys>, KeySetError> {
        let slot = self.slot(address);
        let mut known = slot.lock().await;
        let now = self.clock.now();
        let good = |it: &Held| it.is_fresh(now) && it.has(kid);
        if let Some(held) = known.held.as_ref().filter(|it| good(it)) {
            return Ok(held.keys.clone());
        }
        // Another instance may have fetched it meanwhile.
        let kept = self.kept.kept(address).await?.unwrap_or_default();
        let is_newer = |it: &Held| known.held.as_ref().is_none_or(|held| held.fetched_at < it.fetched_at);
        if let Some(newer) = Held::of(&kept).filter(is_newer) {
            known.held = Some(newer);
        }
        let may_ask = kept.next_at <= now || known.asking.is_some();
        if !known.held.as_ref().is_some_and(good) && may_ask {
            self.fetch(address, &mut known, now).await?;
        }
        let usable = known.held.as_ref().filter(|it| it.is_usable(now)).map(|it| it.keys.clone());
        // After a failed fetch, or while another instance has the turn, the floor must pass.
        let wait = if kept.next_at > now { kept.next_at.since(now) } else { FETCH_FLOOR };
        usable.ok_or(KeySetError::Unavailable(wait))
    }

    fn slot(&self, address: &KeySetUrl) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get_or_insert(address.clone(), Slot::default).clone()
    }

    /// Fetches the set, if no other instance has the turn. A failure leaves what is held.
    async fn fetch(&self, address: &KeySetUrl, known: &mut Known, now: Timestamp) -> Result<(), StoreError> {
        let until = now.plus(FETCH_FLOOR);
        let write = known.asking.take().unwrap_or_else(|| WriteId::random(&*self.random));
        match self.kept.take_turn(address, until, now, &write).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                known.asking = Some(write);
                return Err(error);
            }
        }
        // An old set is fetched because of its age, so the first unknown key after that need not wait.
        let by_age = !known.held.as_ref().is_some_and(|it| it.is_fresh(now));
        match self.fetched(address).await {
            Ok(keys) => {
                let next_at = if by_age { now } else { until };
                let forget_at = now.plus(USABLE_FOR);
                // This instance goes on with what it fetched. The others wait for the next turn.
                if let Err(error) = self.kept.keep(address, (&keys.to_text(), now), next_at, forget_at).await
                {
                    tracing::warn!(cause = %error, "a key set could not be kept for other instances");
                }
                known.held = Some(Held { keys: Arc::new(keys), fetched_at: now });
            }
            Err(cause) => {
                let host = address.url().host_str().unwrap_or_default();
                tracing::warn!(cause, host, "a key set could not be fetched");
            }
        }
        Ok(())
    }

    async fn fetched(&self, address: &KeySetUrl) -> Result<ForeignKeys, String> {
        let text = self.published.fetch(address, FETCH_LIMIT).await.map_err(|error| error.to_string())?;
        let keys = ForeignKeys::published(&text).map_err(|error| error.to_string())?;
        let named = keys.keys().iter().any(|key| ForeignKey::kid(key).is_some());
        if named { Ok(keys) } else { Err("no key of the set has a name".to_owned()) }
    }
}
