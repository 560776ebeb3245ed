//! The commands to a session, and the reasons to refuse them.

use std::time::Duration;

use thiserror::Error;

use crate::{
    identity::Phone,
    rotation::Sighting,
    secrets::Secret,
    session::{CancelReason, Claim, Ext, MatchNumber, Redemption},
};

/// How long after a redemption the same screen gets the same token again, because the first answer may have been
/// lost.
pub const REDEEM_AGAIN: Duration = Duration::from_secs(30);

/// A step that a phone, a screen or the service wants to take.
#[derive(Clone, Debug)]
pub enum Command {
    /// A phone scans the QR. The text is for the page, and only the web contract keeps it. The sighting says whether the
    /// phone saw the QR on the screen.
    Scan(Claim, Ext, Sighting),
    /// The phone's owner agrees, with or without the match number.
    Confirm(Phone, Option<MatchNumber>),
    /// The phone's owner says no.
    Decline(Phone, Sighting),
    /// The screen gives the session up for a new one.
    Replace(Secret),
    /// The service finds, before it makes the token, that the person may no longer sign in.
    Bar(Bar),
    /// The service gives a prompt up, for this reason.
    Abandon(Abandonment),
    /// The screen takes its token.
    Redeem(RedeemKey, Redemption),
}

/// Why a confirmation no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// The account was locked, deleted or given new credentials.
    Account,
    /// The phone that agreed was signed out.
    SignIn,
}

impl Bar {
    pub(super) const fn reason(self) -> CancelReason {
        match self {
            Self::Account => CancelReason::AccountBarred,
            Self::SignIn => CancelReason::SignInEnded,
        }
    }
}

/// Why the service gives a prompt up before its person has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandonment {
    /// It reached no phone; a QR replaces it.
    Undeliverable,
    /// Its client sent a newer prompt for the same device.
    Superseded,
}

impl Abandonment {
    pub(super) const fn reason(self) -> CancelReason {
        match self {
            Self::Undeliverable => CancelReason::Undeliverable,
            Self::Superseded => CancelReason::Replaced,
        }
    }
}

/// What allows a redemption. The QR is never enough.
#[derive(Clone, Debug)]
pub enum RedeemKey {
    /// The screen's secret.
    Screen(Secret),
    /// A verified ticket that names this session. The redemption takes the ticket's id, so only the same ticket
    /// gets the same token again.
    Ticket,
}

/// Why a command changes nothing, or ends the session.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Its time is over. Told to the screen and to the phone that holds the claim.
    #[error("the session has expired")]
    Expired,
    /// It was cancelled. Told to the screen and to the phone that holds the claim.
    #[error("the session was cancelled")]
    Cancelled,
    /// Its token was taken. Told to the screen and to the phone that holds the claim.
    #[error("the session was used")]
    Used,
    /// It is over, and the caller had no part in it. The caller is told the same as for an unknown code.
    #[error("the session is over, and the caller had no part in it")]
    Over,
    /// Its QR rotates, and the phone has only a copy of it. The same is told of an unknown code that comes with a tag.
    #[error("the phone has a copy of a QR that rotates")]
    StaleCode,
    /// Another phone scanned it first.
    #[error("another phone scanned the session")]
    ClaimedByAnother,
    /// No phone has scanned it yet.
    #[error("the session was not scanned")]
    NotScanned,
    /// No person has agreed yet.
    #[error("the session was not confirmed")]
    NotConfirmed,
    /// The client's policy requires the match number, and the phone sent none.
    #[error("the match number is missing")]
    MatchNumberMissing,
    /// The match number was wrong. The session is over.
    #[error("the match number is wrong")]
    WrongMatchNumber,
    /// The secret is not this screen's.
    #[error("the secret is not the screen's")]
    NotTheScreen,
}
