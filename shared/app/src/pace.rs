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
/// How many calls one phone may make in a minute. Our own page makes about thirty.
pub const CALLS_OF_A_PHONE_PER_MINUTE: u32 = 120;
/// How many seconds a device waits between two polls (RFC 8628 section 3.2).
pub const DEVICE_INTERVAL: Duration = Duration::from_secs(3);
/// How early a device's poll may come. Calls of honest ones have been seen half a second out of step.
const SLACK: Duration = Duration::from_secs(1);
/// What each `slow_down` adds to a device's interval (RFC 8628 section 3.5).
pub const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The longest interval of a device. More would only keep its person waiting.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// A registered client's server speaks for many people, so it may open as many sessions as this many networks.
const PEOPLE_OF_A_CLIENT: u32 = 10;
/// A screen has one socket a session, and a few more when its connection breaks.
const SOCKETS_OF_A_SESSION: u32 = 3;
const MINUTE: Duration = Duration::from_mins(1);

/// What is counted, a minute at a time.
#[derive(PartialEq, Eq, Hash)]
enum Counted {
    /// Sessions opened from a network.
    Opened(IpAddr),
    /// Sessions opened by the server of a client.
    OpenedFor(ClientId),
    /// Sockets opened from a network.
    Connected(IpAddr),
    /// Misses of a network.
    Missed(IpAddr),
    /// Calls of a phone.
    Called(SignInId),
}

/// The memory of which caller asked when.
pub struct Pace {
    creates_per_minute: u32,
    misses_per_minute: u32,
    counts: Mutex<LruCache<Counted, (Timestamp, u32)>>,
    good: Mutex<LruCache<SessionCode, ()>>,
    polls: Mutex<LruCache<(SessionCode, bool), (Timestamp, u64)>>,
    devices: Mutex<LruCache<SessionCode, (Timestamp, Duration)>>,
    present: Mutex<LruCache<SignInId, Timestamp>>,
}

impl Pace {
    /// A memory without any callers.
    #[must_use]
    pub fn new(creates_per_minute: u32, misses_per_minute: u32) -> Self {
        Self {
            creates_per_minute,
            misses_per_minute,
            counts: Mutex::new(LruCache::new(REMEMBERED)),
            good: Mutex::new(LruCache::new(REMEMBERED)),
            polls: Mutex::new(LruCache::new(REMEMBERED)),
            devices: Mutex::new(LruCache::new(REMEMBERED)),
            present: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// Counts a session about to be opened from a network.
    ///
    /// # Errors
    /// How many seconds to wait, when this session would be one too many (`docs/security.md` D10).
    pub fn open(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), u64> {
        let Some(network) = network else { return Ok(()) };
        self.count(Counted::Opened(network), self.creates_per_minute, now)
    }

    /// The same for the server of a client, which opens sessions for its people.
    ///
    /// # Errors
    /// How many seconds to wait.
    pub fn open_for(&self, client: &ClientId, now: Timestamp) -> Result<(), u64> {
        let limit = self.creates_per_minute.saturating_mul(PEOPLE_OF_A_CLIENT);
        self.count(Counted::OpenedFor(client.clone()), limit, now)
    }

    /// Counts a socket about to be opened from a network.
    ///
    /// # Errors
    /// How many seconds to wait, when this socket would be one too many (`docs/security.md` W11).
    pub fn connect(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), u64> {
        let Some(network) = network else { return Ok(()) };
        let limit = self.creates_per_minute.saturating_mul(SOCKETS_OF_A_SESSION);
        self.count(Counted::Connected(network), limit, now)
    }

    /// Counts a call of a phone whose token was verified. The store has not been asked yet.
    ///
    /// # Errors
    /// How many seconds to wait (`docs/security.md` K15).
    pub fn call(&self, phone: &SignInId, now: Timestamp) -> Result<(), u64> {
        self.count(Counted::Called(phone.clone()), CALLS_OF_A_PHONE_PER_MINUTE, now)
    }

    /// Whether a network may ask at all, after its misses of this minute. It may always ask about a session that this
    /// instance has found lately: no honest screen or phone waits because of a neighbour behind the same address.
    ///
    /// # Errors
    /// How many seconds to wait (`docs/security.md` D11).
    pub fn ask(
        &self,
        network: Option<IpAddr>,
        about: Option<&SessionCode>,
        now: Timestamp,
    ) -> Result<(), u64> {
        let Some(network) = network else { return Ok(()) };
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if about.is_some_and(|code| good.get(code).is_some()) {
            return Ok(());
        }
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.peek(&Counted::Missed(network)) {
            Some((since, count)) if *count >= self.misses_per_minute => wait(*since, now).map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }

    /// Counts a miss of a network.
    pub fn missed(&self, network: Option<IpAddr>, now: Timestamp) {
        if let Some(network) = network {
            // An error means that the limit is reached, which the next call is told.
            let _ = self.count(Counted::Missed(network), self.misses_per_minute, now);
        }
    }

    /// Remembers that a session was found.
    pub fn found(&self, code: SessionCode) {
        self.good.lock().unwrap_or_else(PoisonError::into_inner).put(code, ());
    }

    fn count(&self, what: Counted, limit: u32, now: Timestamp) -> Result<(), u64> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = counts.get_or_insert_mut(what, || (now, 0));
        let Some(wait) = wait(*since, now) else {
            (*since, *count) = (now, 1);
            return Ok(());
        };
        if *count >= limit {
            return Err(wait);
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

    /// Notes a poll of a device whose session waits. `false` when it comes early: its interval then grows by
    /// [`SLOW_DOWN`]. A first poll is never early, and neither is one that lacks a second or a tenth of the interval, because
    /// networks and timers are not exact. Callers ask only about a session that waits, so an approval is never withheld
    /// (`docs/security.md` D7, D8).
    pub fn device(&self, code: &SessionCode, now: Timestamp) -> bool {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((last, interval)) = devices.get_mut(code) else {
            devices.put(code.clone(), (now, DEVICE_INTERVAL));
            return true;
        };
        let in_time = now.since(*last) + SLACK.max(*interval / 10) >= *interval;
        *last = now;
        if !in_time {
            *interval = (*interval + SLOW_DOWN).min(LONGEST_INTERVAL);
        }
        in_time
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

/// Seconds until the minute that began at `since` is over; `None` when it is.
fn wait(since: Timestamp, now: Timestamp) -> Option<u64> {
    let passed = now.since(since);
    (passed < MINUTE).then(|| MINUTE.saturating_sub(passed).as_secs() + 1)
}
