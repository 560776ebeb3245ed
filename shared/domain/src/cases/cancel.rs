//! Cancel: the person says no, or the screen moves on to another code.

use super::advance::{StepError, advance, find};
use crate::{
    identity::Phone,
    ports::Sessions,
    secrets::{Secret, SessionCode},
    session::{Command, Dialect, Session},
    time::Timestamp,
};

/// Ends the session because the person said no.
///
/// # Errors
/// [`StepError`].
pub async fn cancel(
    sessions: &dyn Sessions,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Phone,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, dialect).await?;
    advance(sessions, session, &Command::Decline(by), now).await
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
