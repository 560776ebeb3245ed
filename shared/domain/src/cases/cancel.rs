//! Cancel: the person says no, the screen asks for another code, or a prompt is given up.

use super::{Logins, StepError, StepFailure, Target, logins::FoundForPhone};
use crate::{
    identity::{Approver, Phone},
    ports::Freshness,
    secrets::{Secret, SessionCode},
    session::{Abandonment, Command, Session},
    time::Timestamp,
};

impl Logins {
    /// Ends the session because the person said no. A phone that may not scan it may not cancel it either. The phone
    /// that holds it always may: its no must stand if the client is switched on again.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn cancel(&self, target: &Target, by: Approver, now: Timestamp) -> Result<Session, StepError> {
        let declined = self.cancel_as(target, &by, now).await;
        self.refused(declined, Some(&by.phone), by.address)
    }

    async fn cancel_as(&self, target: &Target, by: &Approver, now: Timestamp) -> Result<Session, StepError> {
        let FoundForPhone { session, phone, watchers } = self.find_for(target, by, now).await?;
        if !session.is_held(&by.phone) {
            let _ = self.allow(&session, phone, now).await?;
        }
        let decline = Command::Decline(by.phone.clone(), target.sighting.clone());
        let declined = self.advance(session, &decline, by.address, &watchers, now).await?;
        self.take_back(&declined, &by.phone).await?;
        Ok(declined)
    }

    /// Undoes what the session's contract did for a yes that its person has taken back ([`OnConfirm::declined`]).
    ///
    /// [`OnConfirm::declined`]: crate::ports::OnConfirm::declined
    pub(super) async fn take_back(&self, session: &Session, by: &Phone) -> Result<(), StepError> {
        let taken_back = self.on_confirm.declined(session, by).await;
        taken_back.map_err(|error| StepError::of(session, error))
    }

    /// Ends the session because its screen shows another one now (`docs/security.md` C6).
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn replace(
        &self,
        code: &SessionCode,
        secret: Secret,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let found = self.sessions.find(code, Freshness::Strong).await;
        let session = found.map_err(|error| StepError::at(code, error))?;
        let session = session.ok_or_else(|| StepError::at(code, StepFailure::Unknown))?;
        let replaced = self.advance(session, &Command::Replace(secret), None, &[], now).await?;
        if let Some(claim) = replaced.state.claim().filter(|_| replaced.is_prompt()) {
            self.tell_person(claim.by.account, now).await;
        }
        Ok(replaced)
    }

    /// Ends a prompt before its person has decided. A decision made meanwhile stands.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn abandon(
        &self,
        prompt: Session,
        why: Abandonment,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        self.advance(prompt, &Command::Abandon(why), None, &[], now).await
    }
}
