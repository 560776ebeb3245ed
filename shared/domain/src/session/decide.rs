//! Decides, in one place, what a command does to a session.

use crate::{
    identity::Phone,
    rotation::Sighting,
    secrets::Secret,
    session::{
        Abandonment, Bar, CancelReason, Change, Claim, Command, Decision, Ext, MatchNumber, MatchPolicy,
        REDEEM_AGAIN, RedeemKey, Redemption, Refusal, Session, Standing, State,
    },
    time::Timestamp,
};

impl Session {
    /// Decides what `command` does at `now`. This is the whole table of states and commands.
    ///
    /// A caller whose answer was lost repeats the call. For the phone that holds the claim, a step that it has
    /// taken succeeds again, unless the session has expired unredeemed or has ended another way. A repeated confirm
    /// with a wrong number ends the session, as a first one does.
    ///
    /// # Errors
    /// The [`Refusal`] that is true of this copy of the session. The store may have a newer version; then the
    /// caller decides again on that one.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Refusal> {
        match command {
            Command::Scan(claim, ext, sighting) => self.scan(claim, ext, sighting, now),
            Command::Confirm(by, number) => self.confirm(by, *number, now),
            Command::Decline(by, sighting) => self.decline(by, sighting, now),
            Command::Replace(secret) => self.replace(secret, now),
            Command::Bar(why) => self.bar(*why, now),
            Command::Abandon(why) => self.abandon(*why, now),
            Command::Redeem(key, asked) => self.redeem(key, asked, now),
        }
    }

    fn scan(
        &self,
        claim: &Claim,
        ext: &Ext,
        sighting: &Sighting,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        match self.standing_before(&claim.by, sighting, now)? {
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

    fn decline(&self, by: &Phone, sighting: &Sighting, now: Timestamp) -> Result<Decision, Refusal> {
        match self.standing_before(by, sighting, now)? {
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

    /// The same for a step that a phone may take without the claim. Where the QR rotates, such a phone must have seen it on
    /// the screen; until its time is over, a copy gets no other answer (`docs/security.md` L1, L3, L10).
    fn standing_before(&self, by: &Phone, sighting: &Sighting, now: Timestamp) -> Result<Standing, Refusal> {
        match self.standing_for(by, now) {
            Ok(Standing::Waiting) | Err(Refusal::ClaimedByAnother) if !self.is_seen_by(sighting) => {
                Err(Refusal::StaleCode)
            }
            standing => standing,
        }
    }

    /// Moves to `Scanned`, and stores the app's text for the page. Only the web contract keeps that text.
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
