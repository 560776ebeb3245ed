//! A QR that changes every few seconds, so that a copy of it is soon worthless.
//!
//! * [`Step`]: an absolute step of the server's clock. [`Tag`]: what a QR holds besides the code while a step lasts, a keyed
//!   hash of both. Nothing is stored: every instance can compute the tag of every step.
//! * [`frame_tags`]: the tags of the QRs that a screen shows one after the other.
//! * [`Sighting`]: what was checked of how a phone came by a code. Only [`Sighting::check`] makes one that counts, and the
//!   session core asks for it, so no endpoint can leave the check out.

use std::time::Duration;

use subtle::ConstantTimeEq;

use crate::{
    ports::{KeyedHash, KeyedTag},
    scan::Scanned,
    secrets::{SessionCode, letter_of},
    session::Session,
    time::Timestamp,
};

/// How long a screen shows one QR.
pub const EVERY: Duration = Duration::from_secs(15);
/// How many steps back a tag still counts: the person's phone must open the page first.
const STEPS_BACK: u64 = 2;
/// How many steps ahead a tag counts already: the clocks of two instances may differ, and a screen may be early.
const STEPS_AHEAD: u64 = 1;
const TAG_PURPOSE: &str = "qr tag";
const RECEIPT_PURPOSE: &str = "qr receipt";

/// One step of the server's clock: [`EVERY`], counted from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(u64);

impl Step {
    /// The step that `at` lies in.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self(at.secs() / EVERY.as_secs())
    }

    /// The steps whose tags count at `now`.
    fn counting(now: Timestamp) -> impl Iterator<Item = Self> {
        let Self(current) = Self::at(now);
        (current.saturating_sub(STEPS_BACK)..=current + STEPS_AHEAD).map(Self)
    }
}

/// Five characters of Crockford base32 that show when a QR was on the screen: 25 bits.
#[derive(Clone, Debug)]
pub struct Tag(String);

impl Tag {
    /// Characters in a tag.
    pub const LENGTH: usize = 5;

    /// The tag of a code at a step, under the current key.
    #[must_use]
    pub fn of(keys: &dyn KeyedHash, code: &SessionCode, step: Step) -> Self {
        Self::of_hash(&keys.keyed_hash(TAG_PURPOSE, &[code.as_str(), &step.0.to_string()]))
    }

    /// Five characters that a reader has checked to be Crockford base32.
    pub(crate) fn read(characters: &str) -> Self {
        Self(characters.to_owned())
    }

    fn of_hash(hash: &KeyedTag) -> Self {
        Self(hash.hash.iter().take(Self::LENGTH).copied().map(letter_of).collect())
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a QR with this tag was on the screen a moment ago: it is the tag of a step that counts now, under a key that
    /// counts now. The key may have been rotated since the session was opened.
    fn is_fresh(&self, keys: &dyn KeyedHash, code: &SessionCode, now: Timestamp) -> bool {
        let names = keys.key_names();
        let made = names.iter().flat_map(|name| {
            Step::counting(now).filter_map(move |step| {
                keys.keyed_hash_under(name, TAG_PURPOSE, &[code.as_str(), &step.0.to_string()])
            })
        });
        // Every tag is compared, in constant time.
        made.fold(false, |fresh, hash| fresh | (Self::of_hash(&hash) == *self))
    }
}

/// In constant time, so a caller cannot find a tag character by character.
impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Tag {}

/// The tags of the QRs that a session's screen shows: one for each [`EVERY`] of the session's life, in order.
///
/// A QR holds the tag of the step in which the middle of its time lies. So its tag counts from before it is shown until at
/// least 22 seconds after it is gone, and not much longer than half a minute.
#[must_use]
pub fn frame_tags(keys: &dyn KeyedHash, session: &Session) -> Vec<Tag> {
    let life = session.expires_at.since(session.created_at);
    let frames = life.as_secs().div_ceil(EVERY.as_secs());
    let middles = (0..frames).map(|frame| {
        let begins = Duration::from_secs(frame * EVERY.as_secs());
        session.created_at.plus(begins).plus(EVERY / 2)
    });
    middles.map(|middle| Tag::of(keys, &session.code, Step::at(middle))).collect()
}

/// The proof that one browser saw a session's QR in time. It holds as long as the session, so its person may take minutes to
/// sign in. It travels in a cookie that no script reads, and in no address or body, so it cannot be handed on.
#[must_use]
pub fn receipt(keys: &dyn KeyedHash, sighting: &Sighting) -> Option<KeyedTag> {
    match &sighting.0 {
        Seen::Live(code) => Some(keys.keyed_hash(RECEIPT_PURPOSE, &[code.as_str()])),
        Seen::Nothing | Seen::Copy => None,
    }
}

/// What was checked of how a phone came by a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sighting(Seen);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Seen {
    /// The phone has the bare code. That is all a session needs whose QR does not rotate.
    #[default]
    Nothing,
    /// The phone has the code with a tag that does not count: an old copy, or a guess.
    Copy,
    /// The phone saw the QR of this session on the screen: just now, or in time by its receipt.
    Live(SessionCode),
}

#[cfg(test)]
impl Sighting {
    /// The sighting of a phone that saw this session's QR.
    pub(crate) const fn live(code: SessionCode) -> Self {
        Self(Seen::Live(code))
    }

    /// The sighting of a phone with an old copy.
    pub(crate) const fn copy() -> Self {
        Self(Seen::Copy)
    }
}

impl Sighting {
    /// Checks what a phone brings: what it read from a QR, and the receipt of its browser, if it has one. The store is not
    /// asked, so the result does not depend on whether there is such a session.
    pub async fn check(
        keys: &dyn KeyedHash,
        scanned: &Scanned,
        receipt: Option<&KeyedTag>,
        now: Timestamp,
    ) -> Self {
        let Scanned { code, tag } = scanned;
        if let Some(tag) = tag {
            if tag.is_fresh(keys, code, now) {
                return Self(Seen::Live(code.clone()));
            }
            // A tag names no key. It may be one that only the instance knows which opened the session.
            keys.look_again().await;
            if tag.is_fresh(keys, code, now) {
                return Self(Seen::Live(code.clone()));
            }
        }
        if let Some(receipt) = receipt
            && keys.verifies(receipt, RECEIPT_PURPOSE, &[code.as_str()]).await
        {
            return Self(Seen::Live(code.clone()));
        }
        Self(if tag.is_some() { Seen::Copy } else { Seen::Nothing })
    }

    /// Whether the phone saw the QR of this session on the screen itself.
    #[must_use]
    pub fn is_of(&self, code: &SessionCode) -> bool {
        matches!(&self.0, Seen::Live(seen) if seen == code)
    }

    /// Whether the phone brought a tag that does not count.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.0 == Seen::Copy
    }
}

#[cfg(test)]
mod tests;
