//! Confirm: the person agrees on the phone that scanned.

use super::{Logins, StepError, StepFailure, Target, logins::FoundForPhone};
use crate::{
    allowed::ProofTooOld,
    identity::Approver,
    session::{Command, Decision, MatchNumber, Refusal, Session},
    time::Timestamp,
};

/// Refuses a confirmation whose person must prove again who they are (`docs/security.md` I5). It asks that only of a step that
/// would confirm the session now: a wrong number still ends it, and repeating a confirmation still succeeds.
pub(super) fn agrees_with(
    proof: Result<(), ProofTooOld>,
    session: &Session,
    confirm: &Command,
    now: Timestamp,
) -> Result<(), StepError> {
    match (session.decide(confirm, now), proof) {
        (Ok(Decision::Moves(_)), Err(too_old)) => Err(StepError::of(session, too_old)),
        _ => Ok(()),
    }
}

impl Logins {
    /// Confirms the session for `by`, then does what its contract promises ([`OnConfirm`]). Confirming again
    /// does that again, even after the screen took its token, so a retry completes what a failure left undone.
    ///
    /// # Errors
    /// [`StepError`]; after [`Refusal::WrongMatchNumber`] the session is over; after [`ProofTooOld`] the phone proves itself
    /// and confirms again.
    ///
    /// [`OnConfirm`]: crate::ports::OnConfirm
    /// [`Refusal::WrongMatchNumber`]: crate::session::Refusal::WrongMatchNumber
    pub async fn confirm(
        &self,
        target: &Target,
        by: Approver,
        number: Option<MatchNumber>,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let confirmed = self.confirm_as(target, &by, number, now).await;
        self.refused(confirmed, Some(&by.phone), by.address)
    }

    async fn confirm_as(
        &self,
        target: &Target,
        by: &Approver,
        number: Option<MatchNumber>,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let FoundForPhone { session, phone, watchers } = self.find_for(target, by, now).await?;
        let proof = self.allow(&session, phone, now).await?;
        let confirm = Command::Confirm(by.phone.clone(), number);
        agrees_with(proof, &session, &confirm, now)?;
        let advanced = self.advance(session.clone(), &confirm, by.address, &watchers, now).await;
        let confirmed = match advanced {
            Err(StepError { why: StepFailure::Refused(Refusal::WrongMatchNumber), .. }) => {
                self.take_back(&session, &by.phone).await?;
                return Err(StepError::of(&session, Refusal::WrongMatchNumber));
            }
            confirmed => confirmed?,
        };
        let kept = self.on_confirm.confirmed(&confirmed, &by.phone, now).await;
        kept.map_err(|error| StepError::of(&confirmed, error))?;
        Ok(confirmed)
    }
}
