//! What may happen to a session, decided in one place.

use std::time::Duration;

use thiserror::Error;

use crate::{
    identity::Phone,
    secrets::{Secret, SessionCode},
    session::{
        CancelReason, Claim, Ext, Flow, MatchNumber, MatchPolicy, Redemption, Session, Standing, State,
    },
    time::Timestamp,
};

/// How long after a redemption the same screen gets the same token again, because the first answer may have been
/// lost.
pub const REDEEM_AGAIN: Duration = Duration::from_secs(30);

/// A step that a phone, a screen or the service wants to take.
#[derive(Clone, Debug)]
pub enum Command {
    /// A phone scans the QR. The text is for the page, and only the web contract keeps it.
    Scan(Claim, Ext),
    /// The phone's owner agrees, with or without the match number.
    Confirm(Phone, Option<MatchNumber>),
    /// The phone's owner says no.
    Decline(Phone),
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
    const fn reason(self) -> CancelReason {
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

/// The result of a command that is not simply refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The step was taken before. Nothing is written, and the caller gets the same success.
    Stays,
    /// Storing this change takes the step.
    Moves(Change),
    /// The step is refused, and storing this change ends the session.
    Ends(Change, Refusal),
}

/// A transition that [`Session::decide`] allowed. Only `decide` makes one, and a store accepts nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    code: SessionCode,
    if_version: u64,
    at: Timestamp,
    to: State,
    flow: Option<Flow>,
}

impl Change {
    /// The code of the session that it changes.
    #[must_use]
    pub const fn code(&self) -> &SessionCode {
        &self.code
    }

    /// The stored version it was decided on, and the only one it may replace.
    #[must_use]
    pub const fn if_version(&self) -> u64 {
        self.if_version
    }

    /// When it was decided. The stored session must not have expired by that moment.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The state it leads to.
    #[must_use]
    pub const fn to(&self) -> &State {
        &self.to
    }

    /// The contract's data after the change; `None` leaves the stored data as it is.
    #[must_use]
    pub const fn flow(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    /// Whether `stored` is the session that this change was decided on. A store checks this and writes in one
    /// atomic step.
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
    /// Decides what `command` does at `now`. This is the whole table of states and commands.
    ///
    /// A caller whose answer was lost repeats the call. For the phone that holds the claim, a step that it has
    /// taken succeeds again as long as the session exists and did not end the other way.
    ///
    /// # Errors
    /// The [`Refusal`] that is true of this copy of the session. The store may have a newer version; then the
    /// caller decides again on that one.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Refusal> {
        match command {
            Command::Scan(claim, ext) => self.scan(claim, ext, now),
            Command::Confirm(by, number) => self.confirm(by, *number, now),
            Command::Decline(by) => self.decline(by, now),
            Command::Replace(secret) => self.replace(secret, now),
            Command::Bar(why) => self.bar(*why, now),
            Command::Abandon(why) => self.abandon(*why, now),
            Command::Redeem(key, asked) => self.redeem(key, asked, now),
        }
    }

    fn scan(&self, claim: &Claim, ext: &Ext, now: Timestamp) -> Result<Decision, Refusal> {
        match self.standing_for(&claim.by, now)? {
            Standing::Waiting => Ok(self.scanned(now, claim, ext)),
            Standing::Scanned | Standing::Confirmed | Standing::Redeemed => Ok(Decision::Stays),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Expired => Err(Refusal::Expired),
        }
    }

    fn confirm(&self, by: &Phone, number: Option<MatchNumber>, now: Timestamp) -> Result<Decision, Refusal> {
        let wrong = number.is_some_and(|number| number != self.match_number);
        let missing = number.is_none() && self.match_policy == MatchPolicy::Pick;
        match self.standing_for(by, now)? {
            Standing::Waiting => Err(Refusal::NotScanned),
            Standing::Scanned | Standing::Confirmed if wrong => {
                let over = self.change(now, self.cancelled(CancelReason::WrongMatchNumber));
                Ok(Decision::Ends(over, Refusal::WrongMatchNumber))
            }
            Standing::Cancelled(CancelReason::WrongMatchNumber) if wrong => Err(Refusal::WrongMatchNumber),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Expired => Err(Refusal::Expired),
            Standing::Redeemed if wrong => Err(Refusal::Used),
            Standing::Scanned | Standing::Confirmed | Standing::Redeemed if missing => {
                Err(Refusal::MatchNumberMissing)
            }
            Standing::Scanned => {
                let claimed_at = self.state.claim().map_or(now.whole_secs(), |claim| claim.at);
                let claim = Claim { by: by.clone(), at: claimed_at };
                Ok(self.to(now, State::Confirmed { claim, at: now.whole_secs() }))
            }
            Standing::Confirmed | Standing::Redeemed => Ok(Decision::Stays),
        }
    }

    fn decline(&self, by: &Phone, now: Timestamp) -> Result<Decision, Refusal> {
        match self.standing_for(by, now)? {
            Standing::Waiting => {
                let claim = Some(Claim { by: by.clone(), at: now.whole_secs() });
                Ok(self.to(now, State::Cancelled { reason: CancelReason::Declined, claim }))
            }
            Standing::Scanned | Standing::Confirmed => Ok(self.cancel(now, CancelReason::Declined)),
            Standing::Cancelled(CancelReason::Declined) => Ok(Decision::Stays),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Redeemed => Err(Refusal::Used),
            Standing::Expired => Err(Refusal::Expired),
        }
    }

    fn replace(&self, secret: &Secret, now: Timestamp) -> Result<Decision, Refusal> {
        if !self.is_screen(secret) {
            return Err(Refusal::NotTheScreen);
        }
        match self.standing(now) {
            Standing::Waiting | Standing::Scanned | Standing::Confirmed => {
                Ok(self.cancel(now, CancelReason::Replaced))
            }
            Standing::Cancelled(CancelReason::Replaced) => Ok(Decision::Stays),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Redeemed => Err(Refusal::Used),
            Standing::Expired => Err(Refusal::Expired),
        }
    }

    fn bar(&self, why: Bar, now: Timestamp) -> Result<Decision, Refusal> {
        match self.standing(now) {
            Standing::Waiting | Standing::Scanned => Err(Refusal::NotConfirmed),
            Standing::Confirmed => Ok(self.cancel(now, why.reason())),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Redeemed => Err(Refusal::Used),
            Standing::Expired => Err(Refusal::Expired),
        }
    }

    fn abandon(&self, why: Abandonment, now: Timestamp) -> Result<Decision, Refusal> {
        match self.standing(now) {
            Standing::Waiting => Err(Refusal::NotScanned),
            Standing::Scanned if self.is_prompt() => Ok(self.cancel(now, why.reason())),
            Standing::Scanned | Standing::Confirmed => Err(Refusal::ClaimedByAnother),
            Standing::Cancelled(reason) if reason == why.reason() => Ok(Decision::Stays),
            Standing::Cancelled(_) => Err(Refusal::Cancelled),
            Standing::Redeemed => Err(Refusal::Used),
            Standing::Expired => Err(Refusal::Expired),
        }
    }

    fn redeem(&self, key: &RedeemKey, asked: &Redemption, now: Timestamp) -> Result<Decision, Refusal> {
        if matches!(key, RedeemKey::Screen(secret) if !self.is_screen(secret)) {
            return Err(Refusal::NotTheScreen);
        }
        match (self.standing(now), &self.state) {
            (Standing::Confirmed, State::Confirmed { claim, .. }) => {
                let redeemed = State::Redeemed { claim: claim.clone(), redemption: asked.clone() };
                Ok(self.to(now, redeemed))
            }
            (_, State::Redeemed { redemption, .. }) => redeem_again(key, redemption, asked, now),
            (Standing::Cancelled(_), _) => Err(Refusal::Cancelled),
            (Standing::Expired, _) => Err(Refusal::Expired),
            _ => Err(Refusal::NotConfirmed),
        }
    }

    /// The session's standing, for a phone that wants to act on it. A phone without the claim may act only on a
    /// session that waits. When the session is over, such a phone is told the same as for an unknown code.
    fn standing_for(&self, by: &Phone, now: Timestamp) -> Result<Standing, Refusal> {
        let standing = self.standing(now);
        let holds = self.state.claim().is_some_and(|claim| self.is_held_by(claim, by));
        match standing {
            Standing::Waiting => Ok(standing),
            _ if holds => Ok(standing),
            Standing::Scanned | Standing::Confirmed => Err(Refusal::ClaimedByAnother),
            Standing::Redeemed | Standing::Cancelled(_) | Standing::Expired => Err(Refusal::Over),
        }
    }

    /// The contract's data with the app's text for the page. Only the web contract keeps one.
    fn scanned(&self, now: Timestamp, claim: &Claim, ext: &Ext) -> Decision {
        let flow = self.flow.scanned_with(ext);
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

/// Replaying the same redemption succeeds for [`REDEEM_AGAIN`], because our write may have landed while its answer
/// was lost: the screen gets the same token again, and so does the ticket that took it. Anything else is refused.
fn redeem_again(
    key: &RedeemKey,
    stored: &Redemption,
    asked: &Redemption,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let holder = matches!(key, RedeemKey::Screen(_)) || stored.id == asked.id;
    let in_time = now.since(stored.at) <= REDEEM_AGAIN;
    if holder && in_time { Ok(Decision::Stays) } else { Err(Refusal::Used) }
}
