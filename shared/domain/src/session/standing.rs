//! How a session stands at a moment, in one word.

use crate::{
    session::{CancelReason, Session, State},
    time::Timestamp,
};

/// How a session stands. Each contract maps this to its own words, so no contract compares states and times by
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No phone has scanned it.
    Waiting,
    /// A phone has scanned it, or a person is being asked.
    Scanned,
    /// The person agreed; the screen may take its token.
    Confirmed,
    /// The screen took its token. This stays true after `expires_at`.
    Redeemed,
    /// It was ended, for this reason. This stays true after `expires_at`.
    Cancelled(CancelReason),
    /// Its time ran out before it was redeemed or cancelled.
    Expired,
}

impl Standing {
    /// Whether the person has not decided yet and still can.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Waiting | Self::Scanned)
    }

    /// Whether the screen has its token or may take it.
    #[must_use]
    pub const fn is_signed_in(self) -> bool {
        matches!(self, Self::Confirmed | Self::Redeemed)
    }
}

impl Session {
    /// How it stands at `now`. What was redeemed or cancelled stays so; everything else expires.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match &self.state {
            State::Redeemed { .. } => Standing::Redeemed,
            State::Cancelled { reason, .. } => Standing::Cancelled(*reason),
            _ if self.is_expired(now) => Standing::Expired,
            State::Pending => Standing::Waiting,
            State::Scanned { .. } => Standing::Scanned,
            State::Confirmed { .. } => Standing::Confirmed,
        }
    }
}
