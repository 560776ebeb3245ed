//! What a session is.

use std::net::IpAddr;

use crate::{
    identity::{ClientId, Phone},
    secrets::{Secret, SecretHash, SessionCode, TokenId},
    session::{Dialect, MatchNumber, MatchPolicy, PictureName, Remembered},
    text::CleanText,
    time::Timestamp,
};

/// One login attempt. Stored as one item of less than 1 KB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The public id, shown in the QR.
    pub code: SessionCode,
    /// Counts the stored changes from 1; every write names the version it replaces.
    pub version: u64,
    /// The wire contract it was opened through. Other dialects do not know it.
    pub dialect: Dialect,
    /// Whose login it is.
    pub client: ClientId,
    /// What is kept of the screen's secret.
    pub screen: SecretHash,
    /// Shown on the screen, picked on the phone.
    pub match_number: MatchNumber,
    /// How much the client insists on it.
    pub match_policy: MatchPolicy,
    /// What the screen said of itself. Its own claim, no more.
    pub claims: ScreenClaims,
    /// What we saw of the screen.
    pub seen: Seen,
    /// Its picture in the bucket, for contracts that promise an address.
    pub picture: Option<PictureName>,
    /// What the remembered contract ties it to; `None` in the others.
    pub remembered: Option<Remembered>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When it ends, at a whole second. Nothing extends it.
    pub expires_at: Timestamp,
    /// Where it stands. Expired is not among the states: it follows from `expires_at`.
    pub state: State,
}

impl Session {
    /// Whether its time is over: at `expires_at` it is.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether `secret` is the screen's.
    #[must_use]
    pub fn is_screen(&self, secret: &Secret) -> bool {
        self.screen.matches(secret)
    }

    /// Whether it asks a person who scanned nothing: born `Scanned` by the pair of an earlier login.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.remembered.as_ref().is_some_and(|remembered| remembered.fallback.is_some())
    }

    /// The id of the call that asked for it; empty for every other contract.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.remembered.as_ref().map(|ties| ties.trace.to_string()).unwrap_or_default()
    }

    /// Whether `by` may act on what `claim` holds. A QR belongs to the phone that scanned it; a
    /// prompt went to a person, who answers on whichever phone is at hand.
    #[must_use]
    pub fn is_held_by(&self, claim: &Claim, by: &Phone) -> bool {
        if self.is_prompt() { claim.by.account == by.account } else { claim.by == *by }
    }

    /// The number a screen shows; `None` when the client's policy is `off`.
    #[must_use]
    pub fn shown_number(&self) -> Option<String> {
        (self.match_policy != MatchPolicy::Off).then(|| self.match_number.to_string())
    }

    /// The three numbers a phone offers; `None` when the client's policy is `off`.
    #[must_use]
    pub fn match_choices(&self) -> Option<[MatchNumber; 3]> {
        (self.match_policy != MatchPolicy::Off).then(|| self.match_number.choices(&self.screen))
    }
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has scanned it.
    Pending,
    /// One phone has scanned it; it alone may go on.
    Scanned {
        /// Who scanned.
        claim: Claim,
    },
    /// The person agreed; the screen may take its token.
    Confirmed {
        /// Who scanned and agreed.
        claim: Claim,
        /// When they agreed.
        at: Timestamp,
    },
    /// The screen took its token.
    Redeemed {
        /// Who scanned and agreed.
        claim: Claim,
        /// What was taken.
        grant: Grant,
    },
    /// It is over.
    Cancelled {
        /// Why.
        reason: CancelReason,
        /// Who had scanned it, if anybody.
        claim: Option<Claim>,
    },
}

impl State {
    /// Its name in items and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scanned { .. } => "scanned",
            Self::Confirmed { .. } => "confirmed",
            Self::Redeemed { .. } => "redeemed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Who holds the session, if anybody.
    #[must_use]
    pub const fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Pending => None,
            Self::Scanned { claim } | Self::Confirmed { claim, .. } | Self::Redeemed { claim, .. } => {
                Some(claim)
            }
            Self::Cancelled { claim, .. } => claim.as_ref(),
        }
    }
}

/// The phone that scanned, and what it left at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The verified account and phone.
    pub by: Phone,
    /// When it scanned.
    pub at: Timestamp,
    /// The web contract's `ext`: text the app hands to the page.
    pub ext: Ext,
}

/// What a screen took away: the claims its token is made of, so that asking again within
/// [`REDEEM_AGAIN`](super::REDEEM_AGAIN) gives the same token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The token's `jti`.
    pub id: TokenId,
    /// The token's `iat`.
    pub at: Timestamp,
}

/// Why a session was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The person said no.
    Declined,
    /// The screen asked for a new code, or its client asked the person anew.
    Replaced,
    /// The person picked a number that the screen does not show.
    WrongMatchNumber,
    /// The account was locked, deleted or given new credentials after it agreed.
    AccountBarred,
    /// A prompt reached no phone; a QR stands in for it.
    Undeliverable,
}

impl CancelReason {
    /// Its name in items and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Replaced => "replaced",
            Self::WrongMatchNumber => "wrong_match_number",
            Self::AccountBarred => "account_barred",
            Self::Undeliverable => "undeliverable",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Declined, Self::Replaced, Self::WrongMatchNumber, Self::AccountBarred, Self::Undeliverable]
            .into_iter()
            .find(|reason| reason.as_str() == raw)
    }
}

/// What a screen says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenClaims {
    /// Its name.
    pub device_name: Option<CleanText<64>>,
    /// Its hardware address, or whatever it sends for one.
    pub device_mac: Option<CleanText<64>>,
}

/// What we saw of a screen when it opened the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it called from.
    pub ip: Option<IpAddr>,
    /// Its browser and system in a few words, from `User-Agent`.
    pub browser: Option<CleanText<48>>,
}

/// Text that the app puts in when it locks, for the page (`docs/web.md`), at most 512 bytes.
///
/// A page may show it, so it is cleaned like all text that people read (`docs/security.md` K21). Markup
/// stays: it is text, and the page escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ext(CleanText<{ Self::LONGEST }>);

impl Ext {
    /// The most bytes it may have.
    pub const LONGEST: usize = 512;

    /// Cleans `raw`; `None` when it is too long.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        (raw.len() <= Self::LONGEST).then(|| Self(CleanText::new(raw)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // K21
    #[test]
    fn ext_shows_what_it_says() {
        for (raw, clean) in [
            ("", ""),
            ("购物车=7", "购物车=7"),
            ("<b>\"\\\u{1F600}", "<b>\"\\\u{1F600}"),
            ("a\r\nb\0", "ab"),
            ("\u{202E}lave\u{2066}x\u{200B}", "lavex"),
            ("half \u{FFFD}", "half \u{FFFD}"),
        ] {
            assert_eq!(Ext::parse(raw).unwrap().as_str(), clean, "{raw:?}");
        }
        assert_eq!(Ext::parse(&"x".repeat(Ext::LONGEST)).unwrap().as_str().len(), Ext::LONGEST);
        assert_eq!(Ext::parse(&"x".repeat(Ext::LONGEST + 1)), None);
    }
}
