//! One circuit breaker for each client's server.
//!
//! A server that does not answer in time rests. While it rests, its calls go back into the queue at once. Then one call
//! is made, with little time: if the server answers, everything is as before; if not, it rests longer.
//!
//! Every instance waits a moment for a server that hangs before it knows better. So an instance that has not heard of a
//! server lately takes a turn in the Directory first: one instance at a time waits for such a server, and the others go
//! on with other clients' calls. An instance that has an answer of the last minute needs no turn.
//!
//! If a server answers slowly, this instance rests it for as long as the answer took. So a slow server takes up at most
//! half of the instance's time.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use saoma_domain::{
    identity::ClientId,
    ports::{StoreError, Turn, WriteId},
    time::Timestamp,
};

use crate::App;

/// How long a server has to answer.
const FULL: Duration = Duration::from_secs(5);
/// How long a server has that did not answer the last time.
const SHORT: Duration = Duration::from_secs(1);
/// Every so often, such a server gets the full time: one that needs more than a second would never be heard again.
const FULL_EVERY: u32 = 4;
/// An answer that takes longer than this is slow.
const SLOW: Duration = Duration::from_secs(1);
/// For how long after an answer we take it that the server does not hang.
const SHOWN: Duration = Duration::from_mins(1);
/// How long a turn lasts if its instance ends without giving it back: the full time, and a second for ourselves.
const TURN: Duration = Duration::from_secs(6);
/// The rest after the first hang in a row. One lost connection delays a client little.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The rest after the second. Each further one is twice as long.
const SECOND_REST: Duration = Duration::from_secs(15);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_mins(5);
/// How many clients an instance remembers.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(1024) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// What an instance remembers of clients' servers.
pub struct Circuits(Mutex<LruCache<ClientId, Circuit>>);

/// What an instance remembers of one server.
#[derive(Clone, Copy, Default)]
struct Circuit {
    /// Until when it rests.
    rests_until: Timestamp,
    /// Until when its last answer shows that it does not hang.
    shown_until: Timestamp,
}

impl Default for Circuits {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Circuits {
    /// For tests: forgets everything, so that the instance is as good as new.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn with<T>(&self, client: &ClientId, act: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(circuits.get_or_insert_mut(client.clone(), Circuit::default))
    }
}

/// Whether a server may be called now.
pub(crate) enum Admission {
    /// It may, within the permit's limit.
    Call(Permit),
    /// It rests for so long, or another instance waits for it.
    Rests(Duration),
}

/// The right to make one call. [`Permit::answered`] or [`Permit::hung`] ends it.
pub(crate) struct Permit {
    /// How long the server has for its answer.
    pub(crate) limit: Duration,
    hangs: u32,
    /// The turn that was taken for this call, if it needed one.
    turn: Option<WriteId>,
}

/// Asks whether a client's server may be called.
///
/// # Errors
/// When the Directory fails.
pub(crate) async fn admit(app: &App, client: &ClientId) -> Result<Admission, StoreError> {
    let now = app.service.clock.now();
    let Circuit { rests_until, shown_until } = app.circuits.with(client, |circuit| *circuit);
    if now < rests_until {
        return Ok(Admission::Rests(rests_until.since(now)));
    }
    if now < shown_until {
        return Ok(Admission::Call(Permit { limit: FULL, hangs: 0, turn: None }));
    }
    let write = WriteId::random(&*app.service.random);
    Ok(match app.servers.turn(client, now.plus(TURN), now, &write).await? {
        Turn::Ours { hangs } => Admission::Call(Permit { limit: limit(hangs), hangs, turn: Some(write) }),
        Turn::NotBefore(then) => {
            app.circuits.with(client, |circuit| circuit.rests_until = then);
            Admission::Rests(then.since(now))
        }
    })
}

impl Permit {
    /// Notes that the server answered, whatever it said, or could not be reached.
    pub(crate) async fn answered(self, app: &App, client: &ClientId, took: Duration) {
        let now = app.service.clock.now();
        let rests_until = if took > SLOW { now.plus(took) } else { now };
        app.circuits.with(client, |circuit| *circuit = Circuit { rests_until, shown_until: now.plus(SHOWN) });
        if let Some(turn) = &self.turn {
            noted(app.servers.answered(client, turn).await);
        }
    }

    /// Notes that the server did not answer in time.
    pub(crate) async fn hung(self, app: &App, client: &ClientId) {
        let now = app.service.clock.now();
        let hangs = self.hangs.saturating_add(1);
        let rests_until = now.plus(rest(hangs));
        app.circuits.with(client, |circuit| *circuit = Circuit { rests_until, ..Circuit::default() });
        noted(app.servers.rest(client, hangs, rests_until).await);
    }
}

/// A note that is missing costs another instance a moment, so it fails no call.
fn noted(note: Result<(), StoreError>) {
    if let Err(error) = note {
        tracing::warn!(cause = %error, "how a server behaved could not be noted");
    }
}

/// How long a server has to answer after it hung this many times in a row.
const fn limit(hangs: u32) -> Duration {
    if hangs.is_multiple_of(FULL_EVERY) { FULL } else { SHORT }
}

/// How long a server rests after it hung this many times in a row.
fn rest(hangs: u32) -> Duration {
    match hangs {
        0 | 1 => FIRST_REST,
        more => SECOND_REST.saturating_mul(1 << (more - 2).min(16)).min(LONGEST_REST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_hangs_rests_longer_each_time_and_gets_little_time_in_between() {
        let seen: Vec<_> = (0..10).map(|hangs| (limit(hangs).as_secs(), rest(hangs + 1).as_secs())).collect();
        let expected =
            [(5, 1), (1, 15), (1, 30), (1, 60), (5, 120), (1, 240), (1, 300), (1, 300), (5, 300), (1, 300)];
        assert_eq!(seen, expected);
        assert_eq!(rest(u32::MAX), LONGEST_REST);
    }
}
