//! A lane: one code at a time for one number, and the messages that carried it.
//!
//! Every number has an open lane, which all strangers to it share. A known device of the number has a lane of its own
//! ([`KnownDevice`](crate::known_device::KnownDevice)). Two messages of one lane never contradict each other, because a
//! code that is still good is sent again.

use std::time::Duration;

use crate::{sms_challenge::ChallengeId, sms_code::CodeNonce, time::Timestamp};

/// Wrong tries of one challenge, counted across its messages.
pub const TRIES_OF_A_CHALLENGE: u32 = 5;
/// Wrong tries of one code by the challenges that share it. The challenge for which the code was made has its own five
/// besides, which no other caller can use up: twenty in all.
pub const SHARED_TRIES_OF_A_CODE: u32 = 15;
/// How long to wait between two messages of one lane.
pub const RESEND_AFTER: Duration = Duration::from_mins(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What is stored about one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Counts the stored changes; 0 is not stored yet.
    pub version: u64,
    /// The code that is good now; `None` after it was used.
    pub code: Option<LiveCode>,
    /// When the last message was sent, unless its code was used since.
    pub sent_at: Timestamp,
    /// Messages sent since `day_began_at`.
    pub sent: u32,
    /// How many of them cost a puzzle.
    pub puzzles: u32,
    /// When the first message of the current day was sent.
    pub day_began_at: Timestamp,
}

/// A code that was sent and not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCode {
    /// The nonce that the code is derived from.
    pub nonce: CodeNonce,
    /// When the code stops being good.
    pub expires_at: Timestamp,
    /// Wrong tries of it so far, by other challenges than `asker`.
    pub tries: u32,
    /// The challenge for which it was made.
    pub asker: ChallengeId,
}

/// The messages of a day in one kind of lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaysMessages {
    /// How many messages of a day are free; each further one costs a puzzle. `None` if none ever does.
    pub(crate) free: Option<u32>,
    /// No message is sent after these.
    pub(crate) most: u32,
}

/// A lane after one more message.
pub(crate) struct NextMessage {
    pub(crate) lane: Lane,
    /// The nonce of the code that the message carries.
    pub(crate) nonce: CodeNonce,
    /// How often the work of the puzzle that it costs is doubled; `None` when it is free.
    pub(crate) price: Option<u32>,
}

impl LiveCode {
    /// Whether `challenge` may try this code.
    #[must_use]
    pub fn is_good_for(&self, challenge: &ChallengeId, now: Timestamp) -> bool {
        now < self.expires_at && (self.asker == *challenge || !self.is_used_up())
    }

    const fn is_used_up(&self) -> bool {
        self.tries >= SHARED_TRIES_OF_A_CODE
    }
}

impl Lane {
    /// From this moment the record means nothing, and the store may delete it.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        let code = self.code.as_ref().map_or(self.sent_at, |code| code.expires_at);
        self.day_began_at.plus(DAY).max(self.sent_at.plus(RESEND_AFTER)).max(code)
    }

    /// The code that `challenge` may try now.
    pub(crate) fn code_for(&self, challenge: &ChallengeId, now: Timestamp) -> Option<&LiveCode> {
        self.code.as_ref().filter(|code| code.is_good_for(challenge, now))
    }

    /// How long until the next message may be sent.
    pub(crate) fn wait(&self, now: Timestamp) -> Duration {
        RESEND_AFTER.saturating_sub(now.since(self.sent_at))
    }

    /// Whether the day's messages are all sent; then how long the day still is.
    pub(crate) fn is_full(&self, most: u32, now: Timestamp) -> Option<Duration> {
        (self.same_day(now) && self.sent >= most).then(|| DAY.saturating_sub(now.since(self.day_began_at)))
    }

    fn same_day(&self, now: Timestamp) -> bool {
        now.since(self.day_began_at) < DAY
    }

    /// The lane after one more message, asked for by `challenge`.
    ///
    /// The code is good a minute longer than its message says: a caller who shares the message a moment before the next
    /// one may be sent is told the same as the first.
    pub(crate) fn send(
        &self,
        challenge: &ChallengeId,
        fresh: CodeNonce,
        now: Timestamp,
        code_life: Duration,
        day: DaysMessages,
    ) -> NextMessage {
        let same_day = self.same_day(now);
        let price =
            day.free.filter(|free| same_day && self.costs(challenge, *free, now)).map(|_| self.puzzles);
        let (nonce, tries, asker) = match self.code_for(challenge, now) {
            Some(code) => (code.nonce.clone(), code.tries, code.asker.clone()),
            None => (fresh, 0, challenge.clone()),
        };
        let expires_at = now.whole_secs().plus(code_life).plus(RESEND_AFTER);
        let lane = Self {
            version: self.version + 1,
            code: Some(LiveCode { nonce: nonce.clone(), expires_at, tries, asker }),
            sent_at: now.whole_secs(),
            sent: if same_day { self.sent + 1 } else { 1 },
            puzzles: if same_day { self.puzzles + u32::from(price.is_some()) } else { 0 },
            day_began_at: if same_day { self.day_began_at } else { now.whole_secs() },
        };
        NextMessage { lane, nonce, price }
    }

    /// Whether the next message costs a puzzle: the day's free messages are sent, or other callers used the code up.
    fn costs(&self, challenge: &ChallengeId, free: u32, now: Timestamp) -> bool {
        let used_up = self.code.as_ref().is_some_and(LiveCode::is_used_up);
        self.sent >= free || used_up && self.code_for(challenge, now).is_none()
    }

    /// The lane after `challenge` tried its code and was wrong.
    pub(crate) fn tried_by(&self, challenge: &ChallengeId) -> Self {
        match &self.code {
            Some(code) if code.asker != *challenge => Self {
                version: self.version + 1,
                code: Some(LiveCode { tries: code.tries + 1, ..code.clone() }),
                ..self.clone()
            },
            _ => self.clone(),
        }
    }

    /// The lane after its code was used. Another phone of the same person need not wait for the next message.
    pub(crate) fn used(&self) -> Self {
        Self { version: self.version + 1, code: None, sent_at: Timestamp::default(), ..self.clone() }
    }

    /// The lane when its last message could not be handed over: the same caller may ask again at once.
    pub(crate) fn not_sent(&self, price: Option<u32>) -> Self {
        Self {
            version: self.version + 1,
            sent_at: Timestamp::default(),
            sent: self.sent.saturating_sub(1),
            puzzles: self.puzzles.saturating_sub(u32::from(price.is_some())),
            ..self.clone()
        }
    }
}
