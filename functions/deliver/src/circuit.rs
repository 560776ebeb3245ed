//! One circuit breaker for each client's server.
//!
//! A server that does not answer in time rests. While it rests, its calls go back into the queue at once. Then one call
//! is made, with little time: if the server answers, everything is as before; if not, it rests longer. A server that
//! answers, but slowly, rests for as long as it took, so it has at most half of an instance's time.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use saoma_domain::{identity::ClientId, time::Timestamp};

/// How long a server has to answer.
const FULL: Duration = Duration::from_secs(5);
/// How long a server has that did not answer the last time.
const SHORT: Duration = Duration::from_secs(1);
/// Every so often, such a server gets the full time: one that needs more than a second would never be heard again.
const FULL_EVERY: u32 = 4;
/// An answer that takes longer than this is slow.
const SLOW: Duration = Duration::from_secs(1);
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

impl Default for Circuits {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Circuits {
    /// How long this client's server has for an answer now.
    ///
    /// # Errors
    /// How long it still rests.
    pub(crate) fn admit(&self, client: &ClientId, now: Timestamp) -> Result<Duration, Duration> {
        self.with(client, |circuit| circuit.admit(now))
    }

    /// Notes that the server answered, whatever it said, or could not be reached.
    pub(crate) fn answered(&self, client: &ClientId, took: Duration, now: Timestamp) {
        self.with(client, |circuit| circuit.answered(took, now));
    }

    /// Notes that the server did not answer in time.
    pub(crate) fn hung(&self, client: &ClientId, now: Timestamp) {
        self.with(client, |circuit| circuit.hung(now));
    }

    fn with<T>(&self, client: &ClientId, act: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(circuits.get_or_insert_mut(client.clone(), Circuit::default))
    }
}

/// What is remembered of one server.
#[derive(Default)]
struct Circuit {
    /// How often running it did not answer.
    hangs: u32,
    /// Until when it rests.
    rests_until: Timestamp,
}

impl Circuit {
    fn admit(&self, now: Timestamp) -> Result<Duration, Duration> {
        let rest = self.rests_until.since(now);
        if !rest.is_zero() {
            return Err(rest);
        }
        Ok(if self.hangs.is_multiple_of(FULL_EVERY) { FULL } else { SHORT })
    }

    fn answered(&mut self, took: Duration, now: Timestamp) {
        self.hangs = 0;
        self.rests_until = if took > SLOW { now.plus(took) } else { now };
    }

    fn hung(&mut self, now: Timestamp) {
        let rest = match self.hangs {
            0 => FIRST_REST,
            hangs => SECOND_REST.saturating_mul(1 << (hangs - 1).min(16)).min(LONGEST_REST),
        };
        self.hangs = self.hangs.saturating_add(1);
        self.rests_until = now.plus(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_server_that_hangs_rests_longer_each_time_and_gets_little_time_in_between() {
        let mut circuit = Circuit::default();
        let (mut now, mut seen) = (0, Vec::new());
        for _ in 0..10 {
            let limit = circuit.admit(at(now)).unwrap();
            circuit.hung(at(now));
            let rest = circuit.admit(at(now)).unwrap_err();
            assert!(circuit.admit(at(now + rest.as_secs() - 1)).is_err());
            now += rest.as_secs();
            seen.push((limit.as_secs(), rest.as_secs()));
        }
        let expected =
            [(5, 1), (1, 15), (1, 30), (1, 60), (5, 120), (1, 240), (1, 300), (1, 300), (5, 300), (1, 300)];
        assert_eq!(seen, expected);
    }

    #[test]
    fn one_answer_makes_it_as_before() {
        let mut circuit = Circuit::default();
        for _ in 0..3 {
            circuit.hung(at(0));
        }
        circuit.answered(secs(1), at(100));
        assert_eq!(circuit.admit(at(100)), Ok(FULL));
        circuit.hung(at(100));
        assert_eq!(circuit.admit(at(100)), Err(FIRST_REST));
    }

    // K13
    #[test]
    fn a_slow_server_rests_for_as_long_as_it_took() {
        let mut circuit = Circuit::default();
        circuit.answered(secs(4), at(10));
        assert_eq!(circuit.admit(at(11)), Err(secs(3)));
        assert_eq!(circuit.admit(at(14)), Ok(FULL), "its time is not cut");
    }

    #[test]
    fn each_client_has_its_own() {
        let circuits = Circuits::default();
        let [one, other] = ["one", "other"].map(|id| ClientId::parse(id).unwrap());
        circuits.hung(&one, at(0));
        assert_eq!(circuits.admit(&one, at(0)), Err(FIRST_REST));
        assert_eq!(circuits.admit(&other, at(0)), Ok(FULL));
        circuits.answered(&one, secs(0), at(0));
        assert_eq!(circuits.admit(&one, at(0)), Ok(FULL));
    }
}
