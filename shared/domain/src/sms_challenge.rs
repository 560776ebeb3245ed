//! Who asked for a code by SMS, how often one is sent, and how often it may be tried.
//!
//! A caller draws a [`ChallengeId`]. A call that repeats it, because its answer was lost, is recognised and sends
//! no second message. All callers of one number share its [`Lane`], which holds one code at a time, so two
//! messages never contradict each other. Wrong tries count against the challenge that makes them and against the
//! code (`docs/security.md` D1). These functions are pure; the caller stores and sends afterwards.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    identity::{PhoneNumber, SignInId},
    ports::{KeyedTag, Randomness},
    sms_code::CodeNonce,
    time::Timestamp,
};

/// Wrong tries of one challenge, counted across its messages.
pub const TRIES_OF_A_CHALLENGE: u32 = 5;
/// Wrong tries of one code, by all challenges together.
pub const TRIES_OF_A_CODE: u32 = 20;
/// Messages that one challenge may ask for.
pub const MESSAGES_OF_A_CHALLENGE: u32 = 3;
/// How long to wait between two messages to one number.
pub const RESEND_AFTER: Duration = Duration::from_mins(1);
/// How long the right code, tried again by the same challenge, returns the same sign-in.
pub const SIGN_IN_AGAIN: Duration = Duration::from_secs(30);
/// How long a challenge is kept after its last message. Longer than any code lives.
const CHALLENGE_KEPT: Duration = Duration::from_mins(20);
const DAY: Duration = Duration::from_hours(24);

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

/// A caller's own name for its attempt to sign in: 128 random bits in base64url, drawn by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChallengeId(String);

impl ChallengeId {
    /// Characters of an id.
    pub const LENGTH: usize = 22;

    /// Reads 22 characters of base64url; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let whole = raw.len() == Self::LENGTH && URL_SAFE_NO_PAD.decode(raw).is_ok();
        whole.then(|| Self(raw.to_owned()))
    }

    /// A fresh id, for callers of ours.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is stored about one number: its code and its day's messages. All callers of the number share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Counts the stored changes; 0 is not stored yet.
    pub version: u64,
    /// The code that is good now; `None` after it was used.
    pub code: Option<LiveCode>,
    /// When the last message was sent.
    pub sent_at: Timestamp,
    /// Messages sent since `day_began_at`.
    pub sent: u32,
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
    /// Wrong tries of it so far.
    pub tries: u32,
}

impl LiveCode {
    fn is_good(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.tries < TRIES_OF_A_CODE
    }
}

/// What is stored about one caller's attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Counts the stored changes; 0 is not stored yet.
    pub version: u64,
    /// The number that gets its messages. It never changes.
    pub number: PhoneNumber,
    /// Messages it asked for.
    pub messages: u32,
    /// When it last asked.
    pub asked_at: Timestamp,
    /// Wrong tries so far.
    pub tries: u32,
    /// The right code and the sign-in it led to; `None` until then.
    pub used: Option<Used>,
}

/// A right code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// A keyed hash of the code, which a repeated call must present again.
    pub code: KeyedTag,
    /// The sign-in it led to.
    pub sign_in: SignInId,
    /// When it was proved.
    pub at: Timestamp,
}

/// A challenge and the lane of its number, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// The record of the number.
    pub lane: Lane,
    /// The record of the caller.
    pub challenge: Challenge,
}

/// What happens when a caller asks for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The call repeats an earlier one, whose answer may have been lost. It gets the same answer, and nothing is
    /// sent.
    Again,
    /// A message to this number is already on its way. The challenge shares its code, and nothing is sent.
    Joins(Records),
    /// The caller stores this and then sends a message with this code.
    Sends(Records, CodeNonce),
}

/// Why no message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The number got its day's messages; how long to wait.
    TooMany(Duration),
    /// The challenge is used up, signed in, or belongs to another number. The caller must draw a new one.
    Over,
}

/// What happens when a caller tries a code. The caller stores `Right` and `Wrong` before it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The right code, now used up.
    Right(Records),
    /// The try repeats an earlier right one, whose answer may have been lost. It gets the same sign-in.
    Again(Used),
    /// A wrong code, which is counted.
    Wrong(Records),
    /// There is no code to compare with, or no try left.
    Refused,
}

impl Challenge {
    /// A challenge that asks for its first message.
    #[must_use]
    pub fn new(number: PhoneNumber) -> Self {
        Self { version: 0, number, messages: 0, asked_at: Timestamp::default(), tries: 0, used: None }
    }

    /// From this moment the record means nothing, and the store may delete it.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.asked_at.plus(CHALLENGE_KEPT)
    }
}

impl Lane {
    /// From this moment the record means nothing, and the store may delete it.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        let code = self.code.as_ref().map_or(self.sent_at, |code| code.expires_at);
        self.day_began_at.plus(DAY).max(self.sent_at.plus(RESEND_AFTER)).max(code)
    }

    fn good_code(&self, now: Timestamp) -> Option<&LiveCode> {
        self.code.as_ref().filter(|code| code.is_good(now))
    }

    fn wait(&self, now: Timestamp) -> Duration {
        RESEND_AFTER.saturating_sub(now.since(self.sent_at))
    }

    /// The lane after one more message, and the nonce of its code. A code that is still good is sent again, so
    /// two messages never contradict each other.
    fn send(
        &self,
        fresh: CodeNonce,
        now: Timestamp,
        limits: SmsLimits,
    ) -> Result<(Self, CodeNonce), NotSent> {
        let same_day = self.version > 0 && now.since(self.day_began_at) < DAY;
        if same_day && self.sent >= limits.per_number_per_day {
            return Err(NotSent::TooMany(DAY.saturating_sub(now.since(self.day_began_at))));
        }
        let (nonce, tries) = match self.good_code(now) {
            Some(code) => (code.nonce.clone(), code.tries),
            None => (fresh, 0),
        };
        let expires_at = now.whole_secs().plus(limits.code_life);
        let lane = Self {
            version: self.version + 1,
            code: Some(LiveCode { nonce: nonce.clone(), expires_at, tries }),
            sent_at: now.whole_secs(),
            sent: if same_day { self.sent + 1 } else { 1 },
            day_began_at: if same_day { self.day_began_at } else { now.whole_secs() },
        };
        Ok((lane, nonce))
    }
}

impl Records {
    /// Decides what happens when the caller asks for a message to `number`. A new code is derived from `fresh`.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn ask(
        &self,
        number: &PhoneNumber,
        fresh: CodeNonce,
        now: Timestamp,
        limits: SmsLimits,
    ) -> Result<Asked, NotSent> {
        let Self { lane, challenge } = self;
        let spent = challenge.used.is_some() || challenge.tries >= TRIES_OF_A_CHALLENGE;
        if challenge.number != *number || spent {
            return Err(NotSent::Over);
        }
        let waits = challenge.version > 0 && now.since(challenge.asked_at) < RESEND_AFTER;
        if waits && lane.good_code(now).is_some() {
            return Ok(Asked::Again);
        }
        if challenge.messages >= MESSAGES_OF_A_CHALLENGE {
            return Err(NotSent::Over);
        }
        let asked = |asked_at: Timestamp| Challenge {
            version: challenge.version + 1,
            messages: challenge.messages + 1,
            asked_at: asked_at.whole_secs(),
            ..challenge.clone()
        };
        let on_its_way = lane.version > 0 && !lane.wait(now).is_zero();
        if on_its_way && lane.good_code(now).is_some() {
            return Ok(Asked::Joins(Self { lane: lane.clone(), challenge: asked(lane.sent_at) }));
        }
        if on_its_way {
            return Err(NotSent::TooMany(lane.wait(now)));
        }
        let (lane, nonce) = lane.send(fresh, now, limits)?;
        Ok(Asked::Sends(Self { lane, challenge: asked(now) }, nonce))
    }

    /// How long until another message may be asked for, and how long the code is good.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> (Duration, Duration) {
        let good = self.lane.good_code(now).map_or(Duration::ZERO, |code| code.expires_at.since(now));
        (self.lane.wait(now), good)
    }

    /// What to store when the message could not be handed over: the same caller may ask again at once.
    #[must_use]
    pub fn not_sent(&self) -> Self {
        let Self { lane, challenge } = self.clone();
        Self {
            lane: Lane {
                version: lane.version + 1,
                sent_at: Timestamp::default(),
                sent: lane.sent.saturating_sub(1),
                ..lane
            },
            challenge: Challenge {
                version: challenge.version + 1,
                messages: challenge.messages.saturating_sub(1),
                asked_at: challenge.asked_at.minus(RESEND_AFTER),
                ..challenge
            },
        }
    }

    /// Decides what happens when the caller tries a code. `is_right` compares the try with the code of a nonce.
    /// The challenge keeps `used` when the code is right.
    pub fn try_code(&self, is_right: impl FnOnce(&CodeNonce) -> bool, used: Used, now: Timestamp) -> Tried {
        let Self { lane, challenge } = self;
        if let Some(before) = &challenge.used {
            let same = before.code == used.code;
            let in_time = now.since(before.at) <= SIGN_IN_AGAIN;
            return if same && in_time { Tried::Again(before.clone()) } else { Tried::Refused };
        }
        let Some(code) = lane.good_code(now).filter(|_| challenge.tries < TRIES_OF_A_CHALLENGE) else {
            return Tried::Refused;
        };
        let next = |code, tries, used| Self {
            lane: Lane { version: lane.version + 1, code, ..lane.clone() },
            challenge: Challenge { version: challenge.version + 1, tries, used, ..challenge.clone() },
        };
        if is_right(&code.nonce) {
            Tried::Right(next(None, challenge.tries, Some(used)))
        } else {
            let tried = LiveCode { tries: code.tries + 1, ..code.clone() };
            Tried::Wrong(next(Some(tried), challenge.tries + 1, None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{KeyName, testing::Counting};

    const LIMITS: SmsLimits =
        SmsLimits { code_life: Duration::from_mins(5), per_number_per_day: 4, per_ip_per_day: 9 };

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn number() -> PhoneNumber {
        PhoneNumber::parse("+8613800138000").unwrap()
    }

    fn key() -> KeyName {
        KeyName::of_kid("the-key-")
    }

    fn nonce() -> CodeNonce {
        CodeNonce::random(&key(), &Counting::default())
    }

    fn fresh() -> Records {
        Records { lane: Lane::default(), challenge: Challenge::new(number()) }
    }

    fn ask(records: &Records, secs: u64) -> Result<Asked, NotSent> {
        records.ask(&number(), nonce(), at(secs), LIMITS)
    }

    fn sent(asked: Result<Asked, NotSent>) -> Records {
        match asked {
            Ok(Asked::Sends(records, _)) => records,
            other => panic!("not sent: {other:?}"),
        }
    }

    /// Another caller of the same number.
    fn stranger(records: &Records) -> Records {
        Records { challenge: Challenge::new(number()), ..records.clone() }
    }

    fn used(code: u8, secs: u64) -> Used {
        Used {
            code: KeyedTag { key: key(), hash: [code; 32] },
            sign_in: SignInId::parse("aaaa").unwrap(),
            at: at(secs),
        }
    }

    fn guess(records: &Records, right: bool, secs: u64) -> Tried {
        records.try_code(|_| right, used(u8::from(right), secs), at(secs))
    }

    // F2
    #[test]
    fn a_repeated_call_sends_nothing_and_a_minute_later_it_sends_the_same_code() {
        let first = sent(ask(&fresh(), 0));
        assert_eq!(ask(&first, 59), Ok(Asked::Again));
        let second = sent(ask(&first, 60));
        assert_eq!(second.lane.code.as_ref().unwrap().nonce, first.lane.code.as_ref().unwrap().nonce);
        let third = sent(ask(&second, 120));
        assert_eq!(ask(&third, 180), Err(NotSent::Over), "three messages a challenge");
    }

    // F17
    #[test]
    fn a_second_caller_shares_the_message_that_is_on_its_way() {
        let first = sent(ask(&fresh(), 0));
        let Ok(Asked::Joins(joined)) = ask(&stranger(&first), 10) else { panic!("sent twice") };
        assert_eq!(joined.lane, first.lane);
        assert_eq!(joined.waits(at(10)), (Duration::from_secs(50), Duration::from_secs(290)));
        assert!(matches!(guess(&joined, true, 11), Tried::Right(_)));
    }

    // H3
    #[test]
    fn a_number_gets_its_days_messages_and_no_more() {
        let mut records = fresh();
        for n in 0..4 {
            records = stranger(&sent(ask(&records, n * 60)));
        }
        assert_eq!(ask(&records, 240), Err(NotSent::TooMany(DAY.saturating_sub(Duration::from_mins(4)))));
        assert_eq!(sent(ask(&records, 86_400)).lane.sent, 1);
    }

    // D1 K5
    #[test]
    fn a_stranger_spends_the_strangers_tries() {
        let mine = sent(ask(&fresh(), 0));
        let Ok(Asked::Joins(mut theirs)) = ask(&stranger(&mine), 1) else { panic!("sent twice") };
        for n in 0..5 {
            let Tried::Wrong(next) = guess(&theirs, false, 2) else { panic!("try {n}") };
            theirs = next;
        }
        assert_eq!(guess(&theirs, true, 3), Tried::Refused, "five tries a challenge");
        assert_eq!(ask(&theirs, 120), Err(NotSent::Over), "counted across messages");
        let mine = Records { lane: theirs.lane, ..mine };
        assert!(matches!(guess(&mine, true, 3), Tried::Right(_)), "mine is untouched");
    }

    // D1
    #[test]
    fn twenty_wrong_tries_use_a_code_up_and_the_next_message_has_another() {
        let mut records = sent(ask(&fresh(), 0));
        for n in 0..20 {
            if n % 5 == 0 {
                let Ok(Asked::Joins(next)) = ask(&stranger(&records), 1) else { panic!("sent twice") };
                records = next;
            }
            let Tried::Wrong(next) = guess(&records, false, 2) else { panic!("try {n}") };
            records = next;
        }
        assert_eq!(ask(&stranger(&records), 3), Err(NotSent::TooMany(Duration::from_secs(57))));
        let next = sent(ask(&stranger(&records), 60));
        assert_eq!(next.lane.code.unwrap().tries, 0);
    }

    // K11
    #[test]
    fn a_right_code_works_once_and_answers_again_for_half_a_minute() {
        let records = sent(ask(&fresh(), 0));
        assert_eq!(guess(&records, true, 300), Tried::Refused, "too old");
        let Tried::Right(done) = guess(&records, true, 299) else { panic!("refused") };
        assert_eq!(guess(&done, true, 329), Tried::Again(used(1, 299)));
        assert_eq!(guess(&done, true, 330), Tried::Refused);
        assert_eq!(guess(&done, false, 300), Tried::Refused, "another code");
        assert_eq!(guess(&stranger(&done), true, 300), Tried::Refused, "another caller");
        assert_eq!(ask(&done, 400), Err(NotSent::Over));
    }

    #[test]
    fn a_message_that_could_not_be_handed_over_may_be_asked_for_again_at_once() {
        let failed = sent(ask(&fresh(), 0)).not_sent();
        let again = sent(ask(&failed, 1));
        assert_eq!((again.lane.sent, again.challenge.messages), (1, 1));
    }

    // DynamoDB deletes an item whose TTL is over, and keeps one whose TTL lies more than five years back.
    #[test]
    fn records_are_kept_as_long_as_they_mean_something_and_no_longer() {
        let first = sent(ask(&fresh(), 0));
        let late = sent(ask(&stranger(&first), 86_399));
        let code = late.lane.code.clone().unwrap();
        assert_eq!(late.lane.day_began_at, at(0));
        assert!(late.lane.forget_at() >= code.expires_at, "the code is good until then");
        let refused = first.not_sent().challenge.forget_at();
        assert!(refused > at(0) && refused < first.challenge.forget_at(), "{refused:?}");
    }

    #[test]
    fn a_challenge_is_of_one_number() {
        let other = PhoneNumber::parse("+8613900139000").unwrap();
        let asked = sent(ask(&fresh(), 0)).ask(&other, nonce(), at(1), LIMITS);
        assert_eq!(asked, Err(NotSent::Over));
    }

    #[test]
    fn an_id_has_128_bits() {
        let id = ChallengeId::random(&Counting::default());
        assert_eq!(ChallengeId::parse(id.as_str()), Some(id));
        for bad in ["", "short", &"a".repeat(21), &"a".repeat(23), &"!".repeat(22), &"é".repeat(11)] {
            assert_eq!(ChallengeId::parse(bad), None, "{bad}");
        }
    }
}
