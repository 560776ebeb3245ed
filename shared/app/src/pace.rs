//! Limits how often a caller may ask.
//!
//! Each instance counts in its own bounded memory and may forget callers. So this slows fast callers down, but does
//! not guard secrets. API Gateway throttles before it.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use saoma_domain::{
    identity::{ClientId, SignInId},
    pairing::PRESENCE_NOTED,
    secrets::SessionCode,
    session::Session,
    time::Timestamp,
};

/// How many entries are remembered. Each takes about a hundred bytes.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(4096) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};
/// The shortest time between two polls that find nothing new.
pub const SHORTEST_PACE: Duration = Duration::from_secs(1);
/// A registered client's server speaks for many people, so it may open as many sessions as this many networks.
const PEOPLE_OF_A_CLIENT: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);

/// The caller that opens sessions.
#[derive(PartialEq, Eq, Hash)]
enum Opener {
    Network(IpAddr),
    Client(ClientId),
}

/// The memory of which caller asked when.
pub struct Pace {
    creates_per_minute: u32,
    creates: Mutex<LruCache<Opener, (Timestamp, u32)>>,
    polls: Mutex<LruCache<(SessionCode, bool), (Timestamp, u64)>>,
    present: Mutex<LruCache<SignInId, Timestamp>>,
}

impl Pace {
    /// A memory without any callers.
    #[must_use]
    pub fn new(creates_per_minute: u32) -> Self {
        Self {
            creates_per_minute,
            creates: Mutex::new(LruCache::new(REMEMBERED)),
            polls: Mutex::new(LruCache::new(REMEMBERED)),
            present: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// Counts a session about to be opened from a network.
    ///
    /// # Errors
    /// How many seconds to wait, when this session would be one too many (`docs/security.md` D10).
    pub fn open(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), u64> {
        let Some(network) = network else { return Ok(()) };
        self.count(Opener::Network(network), self.creates_per_minute, now)
    }

    /// The same for the server of a client, which opens sessions for its people.
    ///
    /// # Errors
    /// How many seconds to wait.
    pub fn open_for(&self, client: &ClientId, now: Timestamp) -> Result<(), u64> {
        let limit = self.creates_per_minute.saturating_mul(PEOPLE_OF_A_CLIENT);
        self.count(Opener::Client(client.clone()), limit, now)
    }

    fn count(&self, opener: Opener, limit: u32, now: Timestamp) -> Result<(), u64> {
        let mut creates = self.creates.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = creates.get_or_insert_mut(opener, || (now, 0));
        if now.since(*since) >= MINUTE {
            (*since, *count) = (now, 0);
        }
        if *count >= limit {
            return Err(MINUTE.saturating_sub(now.since(*since)).as_secs() + 1);
        }
        *count += 1;
        Ok(())
    }

    /// Notes a poll. A poll is early if it finds the session unchanged and comes within [`SHORTEST_PACE`] after the
    /// last one that was not early. A change is never withheld (D8). Screens and strangers are counted apart, and an
    /// early poll does not delay the next one, so no honest caller starves (D7).
    ///
    /// # Errors
    /// How many seconds to wait.
    pub fn poll(&self, session: &Session, is_screen: bool, now: Timestamp) -> Result<(), u64> {
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (session.code.clone(), is_screen);
        let early = polls
            .get(&key)
            .is_some_and(|(last, version)| *version == session.version && now.since(*last) < SHORTEST_PACE);
        if early {
            return Err(SHORTEST_PACE.as_secs());
        }
        polls.put(key, (now, session.version));
        Ok(())
    }

    /// Whether to note that a phone is there. `false` within [`PRESENCE_NOTED`] of the last [`Pace::noted`].
    pub fn is_news(&self, phone: &SignInId, now: Timestamp) -> bool {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.get(phone).is_none_or(|noted| now.since(*noted) >= PRESENCE_NOTED)
    }

    /// Remembers that a phone's presence was stored.
    pub fn noted(&self, phone: SignInId, now: Timestamp) {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).put(phone, now);
    }
}
