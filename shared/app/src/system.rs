//! The real clock and the real randomness. No other code reads either.

use std::time::SystemTime;

use saoma_domain::{
    ports::{Clock, Randomness},
    time::Timestamp,
};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's generator.
pub struct SystemRandom;

impl Randomness for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Without randomness no secret would be safe, so the process ends. Lambda starts another one.
            tracing::error!("the system's generator failed");
            std::process::abort();
        }
    }
}
