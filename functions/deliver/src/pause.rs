//! How long a call waits until its next attempt.

use std::time::Duration;

use saoma_domain::ports::Randomness;

use crate::App;

/// The pause after the first attempt. Each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest of those pauses, before chance adds up to a half.
const LONGEST: Duration = Duration::from_mins(10);
/// The longest pause that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(15);

/// The pause after a call's n-th handover, with up to a half of it added by chance, so that calls that failed together
/// do not come back together.
pub(crate) fn after(app: &App, handovers: u32) -> Duration {
    stretched(doubled(handovers), &*app.service.random)
}

/// The pause that a server asked for, within bounds, and no shorter than any other.
pub(crate) fn as_asked(app: &App, handovers: u32, asked: Duration) -> Duration {
    after(app, handovers).max(asked.min(LONGEST_ASKED))
}

/// The pause until a resting server is called again, and no shorter than any other.
pub(crate) fn until_rested(app: &App, handovers: u32, rest: Duration) -> Duration {
    stretched(doubled(handovers).max(rest), &*app.service.random)
}

fn doubled(handovers: u32) -> Duration {
    let factor = 1_u32.checked_shl(handovers.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(LONGEST)
}

/// The queue counts in seconds, so the pause is rounded up to a whole one.
fn stretched(pause: Duration, random: &dyn Randomness) -> Duration {
    let mut chance = [0];
    random.fill(&mut chance);
    let stretched = pause + pause * u32::from(chance[0]) / 512;
    Duration::from_secs(u64::try_from(stretched.as_millis().div_ceil(1000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same byte.
    struct Byte(u8);

    impl Randomness for Byte {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn each_pause_is_twice_the_one_before_up_to_ten_minutes() {
        let pauses: Vec<u64> = (1..=15).map(|n| stretched(doubled(n), &Byte(0)).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600, 600]);
        for handovers in [0, 1, 32, 33, u32::MAX] {
            assert!((FIRST..=LONGEST).contains(&doubled(handovers)), "{handovers}");
        }
    }

    #[test]
    fn chance_adds_up_to_a_half() {
        assert_eq!(stretched(LONGEST, &Byte(0)), LONGEST);
        assert_eq!(stretched(LONGEST, &Byte(128)), Duration::from_secs(750));
        assert_eq!(stretched(LONGEST, &Byte(255)), Duration::from_secs(899));
        assert_eq!(stretched(FIRST, &Byte(255)), Duration::from_secs(2), "whole seconds");
    }
}
