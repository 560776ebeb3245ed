//! Scan: a phone reads the code and claims the session.

use super::advance::{StepError, advance, find};
use crate::{
    identity::Phone,
    ports::Sessions,
    secrets::SessionCode,
    session::{Claim, Command, Dialect, Ext, Session},
    time::Timestamp,
};

/// Claims the session for `by`. The first phone wins; the same phone again changes nothing.
///
/// # Errors
/// [`StepError`].
pub async fn scan(
    sessions: &dyn Sessions,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Phone,
    ext: Ext,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, dialect).await?;
    let claim = Claim { by, at: now.whole_secs(), ext };
    advance(sessions, session, &Command::Scan(claim), now).await
}
