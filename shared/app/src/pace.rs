//! How often somebody may ask.
//!
//! Kept in this instance's memory, bounded and lossy: it slows the hasty, it does not guard secrets.
//! API Gateway's throttling stands in front of it.

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

/// Entries remembered; each takes about a hundred bytes.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(4096) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};
/// The shortest time between two polls that learn nothing new.
pub const SHORTEST_PACE: Duration = Duration::from_secs(1);
/// A registered client's server speaks for as many people as so many networks.
const PEOPLE_OF_A_CLIENT: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);

/// Who opens sessions.
#[derive(PartialEq, Eq, Hash)]
enum Opener {
    Network(IpAddr),
    Client(ClientId),
}

/// Who asked when.
pub struct Pace {
    creates_per_minute: u32,
    creates: Mutex<LruCache<Opener, (Timestamp, u32)>>,
    polls: Mutex<LruCache<(SessionCode, bool), (Timestamp, u64)>>,
    present: Mutex<LruCache<SignInId, Timestamp>>,
}

impl Pace {
    /// Nobody has asked yet.
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
    /// Seconds to wait, when it would be one too many (`docs/security.md` D10).
    pub fn open(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), u64> {
        let Some(network) = network else { return Ok(()) };
        self.count(Opener::Network(network), self.creates_per_minute, now)
    }

    /// The same for the server of a client, which opens sessions for its people.
    ///
    /// # Errors
    /// Seconds to wait.
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

    /// Notes a poll. Early is one that comes within [`SHORTEST_PACE`] of the last one in time and
    /// finds the session unchanged; a change is never withheld (D8). Screens and strangers are paced
    /// apart, and an early poll does not put off the next, so nobody is starved (D7).
    ///
    /// # Errors
    /// Seconds to wait.
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

    /// Whether it is to be noted that a phone is there: not again within [`PRESENCE_NOTED`] of the last time that
    /// this was done.
    pub fn is_news(&self, phone: &SignInId, now: Timestamp) -> bool {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.get(phone).is_none_or(|noted| now.since(*noted) >= PRESENCE_NOTED)
    }

    /// It is noted that a phone is there.
    pub fn noted(&self, phone: SignInId, now: Timestamp) {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).put(phone, now);
    }
}
