//! What may happen to a session, decided in one place.

use std::time::Duration;

use thiserror::Error;

use crate::{
    identity::Phone,
    secrets::{Secret, SessionCode},
    session::{CancelReason, Claim, Ext, Flow, MatchNumber, MatchPolicy, Redemption, Session, State},
    time::Timestamp,
};

/// How long after a redemption the same screen gets the same token again: its first answer may
/// have been lost on the way.
pub const REDEEM_AGAIN: Duration = Duration::from_secs(30);

/// What somebody wants of a session.
#[derive(Clone, Debug)]
pub enum Command {
    /// A phone scanned the QR. The text is for the page; only the web contract keeps it.
    Scan(Claim, Ext),
    /// The phone's owner agrees, perhaps naming the match number.
    Confirm(Phone, Option<MatchNumber>),
    /// The phone's owner says no.
    Decline(Phone),
    /// The screen gives the session up for a new one.
    Replace(Secret),
    /// The account turned out barred when its token was about to be made.
    Bar,
    /// A prompt is given up, for this reason.
    Abandon(Abandonment),
    /// The screen takes its token.
    Redeem(RedeemKey, Redemption),
}

/// Why a prompt is given up before its person has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandonment {
    /// It reached no phone; a QR stands in for it.
    Undeliverable,
    /// Its client asked anew for the same device; the newer prompt stands.
    Superseded,
}

impl Abandonment {
    const fn reason(self) -> CancelReason {
        match self {
            Self::Undeliverable => CancelReason::Undeliverable,
            Self::Superseded => CancelReason::Replaced,
        }
    }
}

/// What allows a redemption. The QR is never enough.
#[derive(Clone, Debug)]
pub enum RedeemKey {
    /// The screen's secret. Asking again within [`REDEEM_AGAIN`] is allowed.
    Screen(Secret),
    /// A ticket that was verified and names this session. Like an authorization code, it works once
    /// (RFC 6749 section 4.1.2).
    Ticket,
}

/// Why a command changes nothing, or ends the session.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Its time is over.
    #[error("the session has expired")]
    Expired,
    /// It was cancelled.
    #[error("the session was cancelled")]
    Cancelled,
    /// Its token was taken.
    #[error("the session was used")]
    Used,
    /// Another phone scanned it first.
    #[error("another phone scanned the session")]
    ClaimedByAnother,
    /// Nobody has scanned it yet.
    #[error("the session was not scanned")]
    NotScanned,
    /// Nobody has agreed yet.
    #[error("the session was not confirmed")]
    NotConfirmed,
    /// The client's policy asks for the match number, and none came.
    #[error("the match number is missing")]
    MatchNumberMissing,
    /// The match number was wrong. The session is over.
    #[error("the match number is wrong")]
    WrongMatchNumber,
    /// The secret is not this screen's.
    #[error("the secret is not the screen's")]
    NotTheScreen,
}

/// What follows from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is so already; nothing is written.
    Stays,
    /// It becomes so, once this is stored.
    Moves(Change),
    /// It is refused, and storing this ends the session.
    Ends(Change, Refusal),
}

/// A transition that [`Session::decide`] allowed. Nothing else makes one, so nothing else can be
/// stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    code: SessionCode,
    if_version: u64,
    at: Timestamp,
    to: State,
    flow: Option<Flow>,
}

impl Change {
    /// Whose change it is.
    #[must_use]
    pub const fn code(&self) -> &SessionCode {
        &self.code
    }

    /// The stored version it was decided on, and the only one it may replace.
    #[must_use]
    pub const fn if_version(&self) -> u64 {
        self.if_version
    }

    /// When it was decided: the stored session must not have expired by then.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The state it leads to.
    #[must_use]
    pub const fn to(&self) -> &State {
        &self.to
    }

    /// What the contract keeps from now on; `None` leaves it as it is.
    #[must_use]
    pub const fn flow(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    /// Whether `stored` is what this was decided on. Stores hold this and the write together.
    #[must_use]
    pub fn may_replace(&self, stored: &Session) -> bool {
        stored.code == self.code && stored.version == self.if_version && !stored.is_expired(self.at)
    }

    /// `stored` after this change.
    #[must_use]
    pub fn applied_to(&self, stored: &Session) -> Session {
        Session {
            version: self.if_version + 1,
            updated_at: self.at,
            state: self.to.clone(),
            flow: self.flow.clone().unwrap_or_else(|| stored.flow.clone()),
            ..stored.clone()
        }
    }
}

impl Session {
    /// What `command` does at `now`: the whole table of states and commands.
    ///
    /// # Errors
    /// The [`Refusal`] that is true of the session as it stands here. A store may know better; then
    /// the caller decides again on what the store has.
    #[expect(clippy::match_same_arms, reason = "it is a table: its rows stand by state")]
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Refusal> {
        use Command::{Abandon, Bar, Confirm, Decline, Redeem, Replace, Scan};
        use State::{Cancelled, Confirmed, Pending, Redeemed, Scanned};

        // A lost answer is given again for its half minute, even past the session's end.
        let given_again = matches!((&self.state, command), (Redeemed { .. }, Redeem(..)));
        if self.is_expired(now) && !given_again {
            return Err(Refusal::Expired);
        }
        match (&self.state, command) {
            (_, Replace(secret) | Redeem(RedeemKey::Screen(secret), _)) if !self.is_screen(secret) => {
                Err(Refusal::NotTheScreen)
            }
            (
                Scanned { claim } | Confirmed { claim, .. },
                Scan(Claim { by, .. }, _) | Confirm(by, _) | Decline(by),
            ) if !self.is_held_by(claim, by) => Err(Refusal::ClaimedByAnother),

            (Pending, Scan(claim, ext)) => Ok(self.scanned(now, claim, ext)),
            (Pending, Confirm(..)) => Err(Refusal::NotScanned),
            (Pending, Decline(_)) => Ok(self.cancel(now, CancelReason::Declined)),
            (Pending | Scanned { .. }, Redeem(..) | Bar) => Err(Refusal::NotConfirmed),
            (Pending, Abandon(_)) => Err(Refusal::NotScanned),

            (Scanned { .. } | Confirmed { .. }, Scan(..)) => Ok(Decision::Stays),
            (Scanned { .. } | Confirmed { .. }, Confirm(_, Some(number))) if *number != self.match_number => {
                let over = self.change(now, self.cancelled(CancelReason::WrongMatchNumber));
                Ok(Decision::Ends(over, Refusal::WrongMatchNumber))
            }
            (Scanned { .. }, Confirm(_, None)) if self.match_policy == MatchPolicy::Pick => {
                Err(Refusal::MatchNumberMissing)
            }
            (Scanned { claim }, Confirm(by, _)) => {
                let claim = Claim { by: by.clone(), ..claim.clone() };
                Ok(self.to(now, Confirmed { claim, at: now.whole_secs() }))
            }
            (Scanned { .. }, Abandon(why)) if self.is_prompt() => Ok(self.cancel(now, why.reason())),
            (Scanned { .. } | Confirmed { .. }, Abandon(_)) => Err(Refusal::ClaimedByAnother),
            (Scanned { .. } | Confirmed { .. }, Decline(_)) => Ok(self.cancel(now, CancelReason::Declined)),

            (Confirmed { .. }, Confirm(..)) => Ok(Decision::Stays),
            (Confirmed { claim, .. }, Redeem(_, redemption)) => {
                Ok(self.to(now, Redeemed { claim: claim.clone(), redemption: redemption.clone() }))
            }
            (Confirmed { .. }, Bar) => Ok(self.cancel(now, CancelReason::AccountBarred)),

            (Redeemed { redemption, .. }, Redeem(key, asked)) => redeem_again(key, redemption, asked, now),
            (Redeemed { .. }, Scan(..) | Confirm(..) | Decline(_) | Replace(_) | Bar | Abandon(_)) => {
                Err(Refusal::Used)
            }

            (Pending | Scanned { .. } | Confirmed { .. }, Replace(_)) => {
                Ok(self.cancel(now, CancelReason::Replaced))
            }
            (Cancelled { reason: CancelReason::Declined, claim: Some(claim) }, Decline(by))
                if self.is_held_by(claim, by) =>
            {
                Ok(Decision::Stays)
            }
            (
                Cancelled { .. },
                Scan(..) | Confirm(..) | Decline(_) | Replace(_) | Bar | Abandon(_) | Redeem(..),
            ) => Err(Refusal::Cancelled),
        }
    }

    /// The web contract keeps the app's text for the page; in the others there is none.
    fn scanned(&self, now: Timestamp, claim: &Claim, ext: &Ext) -> Decision {
        let flow = match &self.flow {
            Flow::Web { .. } => Some(Flow::Web { ext: ext.clone() }),
            Flow::Kiosk { .. } | Flow::Remembered { .. } | Flow::Shop { .. } => None,
        };
        let change = self.change(now, State::Scanned { claim: claim.clone() });
        Decision::Moves(Change { flow, ..change })
    }

    fn to(&self, now: Timestamp, state: State) -> Decision {
        Decision::Moves(self.change(now, state))
    }

    fn cancel(&self, now: Timestamp, reason: CancelReason) -> Decision {
        self.to(now, self.cancelled(reason))
    }

    fn cancelled(&self, reason: CancelReason) -> State {
        State::Cancelled { reason, claim: self.state.claim().cloned() }
    }

    fn change(&self, now: Timestamp, to: State) -> Change {
        Change { code: self.code.clone(), if_version: self.version, at: now.whole_secs(), to, flow: None }
    }
}

/// A second redemption: ours once more when the store's answer was lost, the screen's once more
/// when ours was, and otherwise nothing.
fn redeem_again(
    key: &RedeemKey,
    stored: &Redemption,
    asked: &Redemption,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let answer_lost = matches!(key, RedeemKey::Screen(_)) && now.since(stored.at) <= REDEEM_AGAIN;
    if stored.id == asked.id || answer_lost { Ok(Decision::Stays) } else { Err(Refusal::Used) }
}
