//! Six digits by SMS: how often they may be sent and tried.
//!
//! One record a telephone number counts both, so asking for another code does not buy more tries
//! (ADVERSARIES D1), and the limits are decided here, purely, before anything is sent.

use std::time::Duration;

use crate::{ports::Randomness, secrets::uniform_below, text::fold, time::Timestamp};

/// Wrong tries allowed in a [`TRY_WINDOW`].
pub const MOST_TRIES: u32 = 5;
/// How long wrong tries are remembered, from the first.
pub const TRY_WINDOW: Duration = Duration::from_mins(15);
/// How long to wait between two messages to one number.
pub const RESEND_AFTER: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsCode(String);

impl SmsCode {
    /// A fresh code, uniform over the million.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(format!("{:06}", uniform_below(random, 1_000_000)))
    }

    /// Reads six digits as a keyboard or a clipboard gives them ([`fold`]); `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = fold(raw)?;
        let six_digits = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        six_digits.then(|| Self(digits.into_owned()))
    }

    /// The digits, for the message and for hashing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsCode(…)")
    }
}

/// Limits that a deployment sets.
#[derive(Clone, Copy, Debug)]
pub struct SmsLimits {
    /// How long a code is good.
    pub code_life: Duration,
    /// Messages to one number in a day.
    pub per_number_per_day: u32,
    /// Messages asked for from one address in a day.
    pub per_ip_per_day: u32,
}

/// What is kept of the codes sent to one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmsChallenge {
    /// Counts the stored changes; 0 is not stored yet.
    pub version: u64,
    /// Keyed hash of the code that is good now; `None` once used.
    pub code: Option<[u8; 32]>,
    /// When that code was sent.
    pub sent_at: Timestamp,
    /// When it stops being good.
    pub code_expires_at: Timestamp,
    /// Messages sent since `day_began_at`.
    pub sent: u32,
    /// When the first message of the current day was sent.
    pub day_began_at: Timestamp,
    /// Wrong tries since `tries_began_at`.
    pub tries: u32,
    /// When the first of them came.
    pub tries_began_at: Timestamp,
}

/// Why no message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// It would be one too many; how long to wait.
    TooSoon(Duration),
    /// There were too many wrong tries, and no code would be taken; how long still.
    Locked(Duration),
}

/// What a try came to. `Right` and `Wrong` are stored before they are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The right code, now used up.
    Right(SmsChallenge),
    /// A wrong one, counted.
    Wrong(SmsChallenge),
    /// No code is good: there is nothing to compare with.
    NoCode,
    /// There were too many wrong tries; how long none is taken.
    Locked(Duration),
}

impl SmsChallenge {
    /// The record after sending `code` (its keyed hash) at `now`.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn send(&self, code: [u8; 32], now: Timestamp, limits: SmsLimits) -> Result<Self, NotSent> {
        if let Some(left) = self.locked_for(now) {
            return Err(NotSent::Locked(left));
        }
        let since_last = now.since(self.sent_at);
        if self.version > 0 && since_last < RESEND_AFTER {
            return Err(NotSent::TooSoon(RESEND_AFTER.saturating_sub(since_last)));
        }
        let same_day = self.version > 0 && now.since(self.day_began_at) < DAY;
        if same_day && self.sent >= limits.per_number_per_day {
            return Err(NotSent::TooSoon(DAY.saturating_sub(now.since(self.day_began_at))));
        }
        Ok(Self {
            version: self.version + 1,
            code: Some(code),
            sent_at: now.whole_secs(),
            code_expires_at: now.whole_secs().plus(limits.code_life),
            sent: if same_day { self.sent + 1 } else { 1 },
            day_began_at: if same_day { self.day_began_at } else { now.whole_secs() },
            tries: self.tries,
            tries_began_at: self.tries_began_at,
        })
    }

    /// What trying a code with this keyed hash comes to.
    #[must_use]
    pub fn try_code(&self, presented: [u8; 32], now: Timestamp) -> Tried {
        use subtle::ConstantTimeEq;

        if let Some(left) = self.locked_for(now) {
            return Tried::Locked(left);
        }
        let Some(code) = self.code.filter(|_| now < self.code_expires_at) else { return Tried::NoCode };
        let fresh_window = self.try_window(now).is_none();
        let tries = if fresh_window { 0 } else { self.tries };
        let version = self.version + 1;
        if code.ct_eq(&presented).into() {
            Tried::Right(Self { version, code: None, tries: 0, ..self.clone() })
        } else {
            Tried::Wrong(Self {
                version,
                tries: tries + 1,
                tries_began_at: if fresh_window { now.whole_secs() } else { self.tries_began_at },
                ..self.clone()
            })
        }
    }

    /// How much is left of the window that wrong tries are counted in; `None` when there is none.
    fn try_window(&self, now: Timestamp) -> Option<Duration> {
        let left = TRY_WINDOW.saturating_sub(now.since(self.tries_began_at));
        (self.tries > 0 && !left.is_zero()).then_some(left)
    }

    /// How long no code is taken, and so none is sent.
    fn locked_for(&self, now: Timestamp) -> Option<Duration> {
        self.try_window(now).filter(|_| self.tries >= MOST_TRIES)
    }

    /// When the record says nothing any more.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.day_began_at.plus(DAY).max(self.tries_began_at.plus(TRY_WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SmsLimits =
        SmsLimits { code_life: Duration::from_mins(5), per_number_per_day: 3, per_ip_per_day: 9 };
    const RIGHT: [u8; 32] = [1; 32];
    const WRONG: [u8; 32] = [2; 32];

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    // F8
    #[test]
    fn six_digits_are_read_as_keyboards_give_them() {
        for raw in ["012345", "０１２３４５", " 012345\n", "\u{202A}012345\u{202C}"] {
            assert_eq!(SmsCode::parse(raw).unwrap().reveal(), "012345", "{raw:?}");
        }
        for raw in ["", "12345", "0123456", "01234a", "٠١٢٣٤٥", "+12345", "012 345"] {
            assert_eq!(SmsCode::parse(raw), None, "{raw:?}");
        }
    }

    // H3
    #[test]
    fn a_second_message_waits_a_minute_and_a_fourth_a_day() {
        let mut challenge = SmsChallenge::default().send(RIGHT, at(0), LIMITS).unwrap();
        assert_eq!(challenge.send(RIGHT, at(59), LIMITS), Err(NotSent::TooSoon(Duration::from_secs(1))));
        challenge = challenge.send(RIGHT, at(60), LIMITS).unwrap();
        challenge = challenge.send(RIGHT, at(120), LIMITS).unwrap();
        assert_eq!(
            challenge.send(RIGHT, at(180), LIMITS),
            Err(NotSent::TooSoon(Duration::from_mins(24 * 60 - 3)))
        );
        assert_eq!(challenge.send(RIGHT, at(86_400), LIMITS).unwrap().sent, 1);
    }

    // D1
    #[test]
    fn five_wrong_tries_lock_even_across_resends() {
        let mut challenge = SmsChallenge::default().send(RIGHT, at(0), LIMITS).unwrap();
        for n in 0..5 {
            if n == 3 {
                challenge = challenge.send(RIGHT, at(60), LIMITS).unwrap();
            }
            let Tried::Wrong(next) = challenge.try_code(WRONG, at(61)) else { panic!("try {n}") };
            challenge = next;
        }
        let left = |secs| Duration::from_secs(TRY_WINDOW.as_secs() - secs);
        assert_eq!(challenge.try_code(RIGHT, at(62)), Tried::Locked(left(1)));
        assert_eq!(challenge.send(RIGHT, at(120), LIMITS), Err(NotSent::Locked(left(59))), "in vain");
        let later = at(61 + TRY_WINDOW.as_secs());
        let reopened = challenge.send(RIGHT, later, LIMITS).unwrap();
        assert!(matches!(reopened.try_code(RIGHT, later), Tried::Right(_)));
    }

    #[test]
    fn a_code_works_once_and_not_for_ever() {
        let challenge = SmsChallenge::default().send(RIGHT, at(0), LIMITS).unwrap();
        assert_eq!(challenge.try_code(RIGHT, at(300)), Tried::NoCode);
        let Tried::Right(used) = challenge.try_code(RIGHT, at(299)) else { panic!("refused") };
        assert_eq!(used.try_code(RIGHT, at(299)), Tried::NoCode);
    }
}
