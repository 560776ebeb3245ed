//! Cancel: the person says no, the screen moves on to another code, or a prompt is given up.

use super::{
    advance::{StepError, advance, find},
    scan::admit,
};
use crate::{
    identity::Approver,
    ports::{Clients, Sessions},
    secrets::{Secret, SessionCode},
    session::{Abandonment, Command, Dialect, Session},
    time::Timestamp,
};

/// Ends the session because the person said no. Who may not scan it may not cancel it either.
///
/// # Errors
/// [`StepError`].
pub async fn cancel(
    sessions: &dyn Sessions,
    clients: &dyn Clients,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Approver,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, dialect).await?;
    admit(clients, &session, &by).await?;
    advance(sessions, session, &Command::Decline(by.phone), now).await
}

/// Ends the session because its screen shows another one now (ADVERSARIES C6).
///
/// # Errors
/// [`StepError`].
pub async fn replace(
    sessions: &dyn Sessions,
    code: &SessionCode,
    secret: Secret,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, None).await?;
    advance(sessions, session, &Command::Replace(secret), now).await
}

/// Ends a prompt before its person has decided. Where they have meanwhile, that stands.
///
/// # Errors
/// [`StepError`].
pub async fn abandon(
    sessions: &dyn Sessions,
    prompt: Session,
    why: Abandonment,
    now: Timestamp,
) -> Result<Session, StepError> {
    advance(sessions, prompt, &Command::Abandon(why), now).await
}
