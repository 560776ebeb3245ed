//! Who asked for a code by SMS, how often one is sent, and how often it may be tried.
//!
//! A caller draws a [`ChallengeId`]. A call that repeats it, because its answer was lost, is recognised and sends
//! no second message. A caller who asks while a message is on its way shares that message and hears what the first
//! caller heard. Wrong tries count against the challenge that makes them, and against the part of the code's tries that
//! other challenges share (`docs/security.md` D1, K5). These functions are pure; the caller stores and sends
//! afterwards.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantArray};

pub use crate::sms_lane::{Lane, LiveCode, RESEND_AFTER, SHARED_TRIES_OF_A_CODE, TRIES_OF_A_CHALLENGE};
use crate::{
    identity::{Phone, PhoneNumber, SignInId},
    known_device::KnownDevice,
    ports::{KeyedTag, Randomness},
    sms_budget::{FREE_MESSAGES, MESSAGES_OF_A_DEVICE, SmsLimits},
    sms_code::CodeNonce,
    sms_lane::DaysMessages,
    time::Timestamp,
};

/// Messages that one challenge may ask for.
pub const MESSAGES_OF_A_CHALLENGE: u32 = 3;
/// How long the right code, tried again by the same challenge, returns the same sign-in.
pub const SIGN_IN_AGAIN: Duration = Duration::from_secs(30);
/// How long a challenge is kept after its last message. Longer than any code lives.
const CHALLENGE_KEPT: Duration = Duration::from_mins(20);

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

    /// From a stored id.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is stored about one caller's attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The name that its caller drew.
    pub id: ChallengeId,
    /// Counts the stored changes; 0 is not stored yet.
    pub version: u64,
    /// The number that gets its messages. It never changes.
    pub number: PhoneNumber,
    /// The known device that asks; `None` for a caller in the open lane alone.
    pub device: Option<Phone>,
    /// Messages it asked for.
    pub messages: u32,
    /// When the message was sent that it last asked for or shared.
    pub asked_at: Timestamp,
    /// Wrong tries so far.
    pub tries: u32,
    /// The wrong tries, each as a hash of the code and of what it was compared with. A repetition is not counted,
    /// because its answer may have been lost, and it tells its caller nothing.
    pub wrong: Vec<[u8; 32]>,
    /// The right code and the sign-in it led to; `None` until then.
    pub used: Option<Used>,
}

/// A right code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// A keyed hash of the code, which a repeated call must present again.
    pub code: KeyedTag,
    /// What it was used for. It is good for nothing else.
    pub purpose: Purpose,
    /// The sign-in it led to; for any other purpose, the sign-in of the phone that used it.
    pub sign_in: SignInId,
    /// When it was proved.
    pub at: Timestamp,
}

/// What a caller uses a code for. The first use decides: a code that signed a phone in deletes no account, and the
/// other way round (`docs/security.md` K24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To delete the account of the phone that uses it.
    Deletion,
    /// To prove again who the person of the phone is (`docs/security.md` I5).
    FreshProof,
}

words!(Purpose);

impl Used {
    /// Whether `again` repeats this use. A repeated sign-in has drawn another id by then; any other use repeats only
    /// for the same sign-in.
    fn is_repeated_by(&self, again: &Self) -> bool {
        let same_phone = self.purpose == Purpose::SignIn || self.sign_in == again.sign_in;
        self.code == again.code && self.purpose == again.purpose && same_phone
    }
}

/// A challenge and the lanes whose codes it may try, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// The record of the caller.
    pub challenge: Challenge,
    /// The record of the number, which all strangers to it share.
    pub open: Lane,
    /// The record of the known device that asks.
    pub device: Option<KnownDevice>,
}

/// What happens when a caller asks for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The call repeats an earlier one, whose answer may have been lost. It gets the same answer, and nothing is
    /// sent.
    Again,
    /// A message to this number is already on its way. The challenge shares its code, and nothing is sent.
    Joins(Box<Records>),
    /// The caller pays, stores the records and then sends the message.
    Sends(Box<Sending>),
}

/// A message that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// What to store before it is sent.
    pub records: Records,
    /// The nonce of the code it carries.
    pub nonce: CodeNonce,
    /// The lane that sends it.
    pub lane: LaneKind,
}

/// The lane that sends a message, and what that costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// The lane of strangers. The number itself asks for a puzzle whose work is doubled so often, or for none.
    Open(Option<u32>),
    /// The known device's own lane, which costs no puzzle.
    Device,
}

/// Why no message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The number got its day's messages, or one within the last minute whose code was used up; how long to wait.
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
    /// There is no code to compare with, or no try left, or the try repeats a wrong one.
    Refused,
}

impl Challenge {
    /// A challenge that asks for its first message.
    #[must_use]
    pub fn new(id: ChallengeId, number: PhoneNumber) -> Self {
        Self {
            id,
            version: 0,
            number,
            device: None,
            messages: 0,
            asked_at: Timestamp::default(),
            tries: 0,
            wrong: Vec::new(),
            used: None,
        }
    }

    /// From this moment the record means nothing, and the store may delete it.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.asked_at.plus(CHALLENGE_KEPT)
    }

    const fn is_spent(&self) -> bool {
        self.used.is_some() || self.tries >= TRIES_OF_A_CHALLENGE
    }

    fn asks(&self, device: Option<&KnownDevice>, asked_at: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            device: device.map(|device| device.phone.clone()),
            messages: self.messages + 1,
            asked_at: asked_at.whole_secs(),
            ..self.clone()
        }
    }
}

impl Records {
    /// Decides what happens when the caller asks for a message to `number`. A new code is derived from `fresh`. Without
    /// `own_lane` a known device asks like any other caller, in the open lane.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn ask(
        &self,
        number: &PhoneNumber,
        own_lane: bool,
        fresh: CodeNonce,
        now: Timestamp,
        limits: &SmsLimits,
    ) -> Result<Asked, NotSent> {
        let challenge = &self.challenge;
        if challenge.number != *number || challenge.is_spent() {
            return Err(NotSent::Over);
        }
        let waits = challenge.version > 0 && now.since(challenge.asked_at) < RESEND_AFTER;
        if waits && self.good_codes(now).next().is_some() {
            return Ok(Asked::Again);
        }
        if challenge.messages >= MESSAGES_OF_A_CHALLENGE {
            return Err(NotSent::Over);
        }
        match self.device_at(now) {
            Some(device) if own_lane && device.lane.is_full(MESSAGES_OF_A_DEVICE, now).is_none() => {
                self.ask_in(&device.lane, LaneKind::Device, fresh, now, limits)
            }
            _ => self.ask_in(&self.open, LaneKind::Open(None), fresh, now, limits),
        }
    }

    fn ask_in(
        &self,
        lane: &Lane,
        kind: LaneKind,
        fresh: CodeNonce,
        now: Timestamp,
        limits: &SmsLimits,
    ) -> Result<Asked, NotSent> {
        let id = &self.challenge.id;
        let wait = lane.wait(now);
        if !wait.is_zero() {
            let shares = lane.code_for(id, now).is_some();
            let challenge = self.challenge.asks(self.device.as_ref(), lane.sent_at);
            let joined = || Asked::Joins(Box::new(Self { challenge, ..self.clone() }));
            return if shares { Ok(joined()) } else { Err(NotSent::TooMany(wait)) };
        }
        let day = match kind {
            LaneKind::Open(_) => DaysMessages { free: Some(FREE_MESSAGES), most: limits.per_number_per_day },
            LaneKind::Device => DaysMessages { free: None, most: MESSAGES_OF_A_DEVICE },
        };
        if let Some(wait) = lane.is_full(day.most, now) {
            return Err(NotSent::TooMany(wait));
        }
        let next = lane.send(id, fresh, now, limits.code_life, day);
        let challenge = self.challenge.asks(self.device.as_ref(), now);
        let (records, lane) = match kind {
            LaneKind::Open(_) => {
                (Self { challenge, open: next.lane, ..self.clone() }, LaneKind::Open(next.price))
            }
            LaneKind::Device => {
                let device = self.device.clone().map(|device| KnownDevice { lane: next.lane, ..device });
                (Self { challenge, device, ..self.clone() }, LaneKind::Device)
            }
        };
        Ok(Asked::Sends(Box::new(Sending { records, nonce: next.nonce, lane })))
    }

    /// The nonces of the codes that the challenge may try now.
    #[must_use]
    pub fn nonces(&self, now: Timestamp) -> Vec<CodeNonce> {
        self.good_codes(now).map(|code| code.nonce.clone()).collect()
    }

    /// The known device that asks, while it is known.
    fn device_at(&self, now: Timestamp) -> Option<&KnownDevice> {
        self.device.as_ref().filter(|device| now < device.expires_at)
    }

    /// The codes that the challenge may try: its device's, and its number's.
    fn good_codes(&self, now: Timestamp) -> impl Iterator<Item = &LiveCode> {
        let lanes = self.device_at(now).map(|device| &device.lane).into_iter().chain([&self.open]);
        lanes.filter_map(move |lane| lane.code_for(&self.challenge.id, now))
    }

    /// Decides what happens when the caller tries a code. `is_right` compares the try with the code of a nonce.
    /// The challenge keeps `used` when the code is right.
    pub fn try_code(&self, is_right: impl Fn(&CodeNonce) -> bool, used: Used, now: Timestamp) -> Tried {
        let challenge = &self.challenge;
        if let Some(before) = &challenge.used {
            let same = before.is_repeated_by(&used);
            let in_time = now.since(before.at) <= SIGN_IN_AGAIN;
            return if same && in_time { Tried::Again(before.clone()) } else { Tried::Refused };
        }
        let against = self.nonces(now);
        if against.is_empty() || challenge.is_spent() {
            return Tried::Refused;
        }
        if let Some(nonce) = against.iter().find(|nonce| is_right(nonce)) {
            return Tried::Right(self.after_right(nonce, used));
        }
        let mark = mark(&used.code.hash, &against);
        if challenge.wrong.contains(&mark) {
            return Tried::Refused;
        }
        Tried::Wrong(self.after_wrong(&against, mark))
    }

    fn after_right(&self, nonce: &CodeNonce, used: Used) -> Self {
        let of = |lane: &Lane| {
            let carried = lane.code.as_ref().is_some_and(|code| code.nonce == *nonce);
            if carried { lane.used() } else { lane.clone() }
        };
        let challenge = &self.challenge;
        Self {
            challenge: Challenge { version: challenge.version + 1, used: Some(used), ..challenge.clone() },
            open: of(&self.open),
            device: self.device.clone().map(|device| KnownDevice { lane: of(&device.lane), ..device }),
        }
    }

    fn after_wrong(&self, against: &[CodeNonce], mark: [u8; 32]) -> Self {
        let challenge = &self.challenge;
        let of = |lane: &Lane| {
            let compared = lane.code.as_ref().is_some_and(|code| against.contains(&code.nonce));
            if compared { lane.tried_by(&challenge.id) } else { lane.clone() }
        };
        let (open, device) = (of(&self.open), self.device.clone());
        let device = device.map(|device| KnownDevice { lane: of(&device.lane), ..device });
        let mut challenge = challenge.clone();
        challenge.version += 1;
        challenge.tries += 1;
        challenge.wrong.push(mark);
        Self { challenge, open, device }
    }
}

/// A hash of a code's keyed hash and the nonces that it was compared with.
fn mark(code: &[u8; 32], against: &[CodeNonce]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(code);
    for nonce in against {
        hash.update((nonce.as_str().len() as u64).to_be_bytes());
        hash.update(nonce.as_str());
    }
    hash.finalize().into()
}

impl Sending {
    /// What to store when the message could not be handed over: the same caller may ask again at once.
    #[must_use]
    pub fn not_sent(&self) -> Records {
        let Records { challenge, open, device } = self.records.clone();
        let challenge = Challenge {
            version: challenge.version + 1,
            messages: challenge.messages.saturating_sub(1),
            asked_at: challenge.asked_at.minus(RESEND_AFTER),
            ..challenge
        };
        match self.lane {
            LaneKind::Open(price) => Records { challenge, open: open.not_sent(price), device },
            LaneKind::Device => {
                let device = device.map(|device| KnownDevice { lane: device.lane.not_sent(None), ..device });
                Records { challenge, open, device }
            }
        }
    }
}

#[cfg(test)]
mod tests;
