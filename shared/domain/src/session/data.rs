//! What a session is.

use std::net::IpAddr;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    identity::{ClientId, Phone},
    opener::Opener,
    rotation::Sighting,
    secrets::{Secret, SecretHash, SessionCode, TokenId},
    session::{Asks, Dialect, Flow, MatchNumber, MatchPolicy, Ties, TraceId},
    text::CleanText,
    time::Timestamp,
};

/// One login attempt, stored as one item of less than 1 KB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The public id, shown in the QR.
    pub code: SessionCode,
    /// Counts the stored changes, from 1. Every write names the version that it replaces.
    pub version: u64,
    /// The client whose login it is.
    pub client: ClientId,
    /// The hash of the screen's secret.
    pub screen: SecretHash,
    /// The number that the screen shows and the person picks on the phone.
    pub match_number: MatchNumber,
    /// Whether the person must pick it, may pick it, or does not see it.
    pub match_policy: MatchPolicy,
    /// What the screen said about itself. Nothing verifies it.
    pub claims: ScreenClaims,
    /// What we saw of the screen.
    pub seen: Seen,
    /// What the screen proved when it opened the session; `None` when it proved nothing.
    pub opener: Option<Opener>,
    /// The wire contract it was opened through, with the data that this contract alone needs.
    pub flow: Flow,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When it ends, at a whole second. Nothing extends it.
    pub expires_at: Timestamp,
    /// Its state. Expired is not a state: it follows from `expires_at`.
    pub state: State,
}

impl Session {
    /// Whether its time is over. At `expires_at` itself it is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether `secret` is the screen's.
    #[must_use]
    pub fn is_screen(&self, secret: &Secret) -> bool {
        self.screen.matches(secret)
    }

    /// The wire contract it speaks. Other dialects do not know it.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.flow.dialect()
    }

    /// Whether it asks a known person instead of showing a QR. Such a session starts as `Scanned`.
    #[must_use]
    pub const fn is_prompt(&self) -> bool {
        matches!(self.flow, Flow::Remembered { asks: Asks::Person { .. }, .. } | Flow::Asked { .. })
    }

    /// The call and the device it belongs to, in the remembered contract; `None` in the others.
    #[must_use]
    pub const fn ties(&self) -> Option<&Ties> {
        self.flow.ties()
    }

    /// The id of the call that asked for it; empty for every other contract.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.ties().map(|ties| ties.trace.to_string()).unwrap_or_default()
    }

    /// The id under which a phone is shown it, and answers it, if it asks a known person.
    #[must_use]
    pub fn prompt_id(&self) -> Option<TraceId> {
        match &self.flow {
            Flow::Remembered { ties, asks: Asks::Person { .. } } => Some(ties.trace.clone()),
            Flow::Asked { .. } => Some(TraceId::of_prompt(&self.code)),
            _ => None,
        }
    }

    /// Whether `by` may act on a session that `claim` holds. A QR belongs to the phone that scanned it. A prompt
    /// belongs to a person, who may answer on any of their phones.
    #[must_use]
    pub fn is_held_by(&self, claim: &Claim, by: &Phone) -> bool {
        if self.is_prompt() { claim.by.account == by.account } else { claim.by == *by }
    }

    /// Whether a phone without the claim may scan it after this sighting: where the QR rotates, the phone must have seen it
    /// on the screen.
    #[must_use]
    pub fn is_seen_by(&self, sighting: &Sighting) -> bool {
        sighting.is_of(&self.code) || !(self.flow.rotates() || sighting.is_copy())
    }

    /// Whether `by` is the phone that holds it now.
    #[must_use]
    pub fn is_held(&self, by: &Phone) -> bool {
        self.state.claim().is_some_and(|claim| self.is_held_by(claim, by))
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

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// No phone has scanned it.
    Pending,
    /// One phone has scanned it, and only that phone may go on.
    Scanned {
        /// The phone that scanned.
        claim: Claim,
    },
    /// The person agreed; the screen may take its token.
    Confirmed {
        /// The phone that scanned and agreed.
        claim: Claim,
        /// When they agreed.
        at: Timestamp,
    },
    /// The screen took its token.
    Redeemed {
        /// The phone that scanned and agreed.
        claim: Claim,
        /// The claims of the token.
        redemption: Redemption,
    },
    /// It is over.
    Cancelled {
        /// Why.
        reason: CancelReason,
        /// The phone that scanned it, or that declined it without a scan; `None` if no phone did.
        claim: Option<Claim>,
    },
}

impl State {
    /// Its name in items and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The phone that holds the session, if one does.
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

/// The phone that holds the session: it scanned the QR, or declined it unscanned, or belongs to the person whom a
/// prompt asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The verified account and phone.
    pub by: Phone,
    /// When it scanned.
    pub at: Timestamp,
}

/// The stored claims of the token that a screen took. Asking again within [`REDEEM_AGAIN`](super::REDEEM_AGAIN)
/// makes the same token from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// The token's `jti`.
    pub id: TokenId,
    /// When the screen took the token. Its `iat` is five seconds earlier.
    pub at: Timestamp,
}

/// Why a session was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CancelReason {
    /// The person said no.
    Declined,
    /// The screen asked for a new code, or its client sent the person a newer prompt.
    Replaced,
    /// The person picked a number that the screen does not show.
    WrongMatchNumber,
    /// The account was locked, deleted or given new credentials after it agreed.
    AccountBarred,
    /// The phone that agreed was signed out before the screen took its token.
    SignInEnded,
    /// The prompt reached no phone; a QR replaces it.
    Undeliverable,
}

words!(CancelReason);

/// What a screen says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenClaims {
    /// Its name.
    pub device_name: Option<CleanText<64>>,
    /// Its hardware address, as it sends it.
    pub device_mac: Option<CleanText<64>>,
}

/// A browser and its system in a few words: the longest that we write is `Samsung Internet on ChromeOS`.
pub type Browser = CleanText<28>;

/// What we saw of a screen when it opened the session, or of a phone when it signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where it called from.
    pub ip: Option<IpAddr>,
    /// Its browser and system in a few words, from `User-Agent`.
    pub browser: Option<Browser>,
}
