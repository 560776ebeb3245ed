//! Scan: a phone reads the code and claims the session.

use super::advance::{StepError, advance, find};
use crate::{
    identity::Approver,
    ports::{Clients, Sessions},
    secrets::SessionCode,
    session::{Claim, Command, Dialect, Ext, Session},
    time::Timestamp,
};

/// Claims the session for the phone of `by`. The first phone wins; the same phone again changes
/// nothing. A phone of an app that the session's client does not admit knows no such session.
///
/// # Errors
/// [`StepError`].
pub async fn scan(
    sessions: &dyn Sessions,
    clients: &dyn Clients,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Approver,
    ext: Ext,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, dialect).await?;
    admit(clients, &session, &by).await?;
    let claim = Claim { by: by.phone, at: now.whole_secs() };
    advance(sessions, session, &Command::Scan(claim, ext), now).await
}

/// Whether the session's client admits the app of this phone. A client that is not registered is a
/// built-in one, and those admit every app (ADVERSARIES A17).
pub(super) async fn admit(clients: &dyn Clients, session: &Session, by: &Approver) -> Result<(), StepError> {
    let client = clients.client(&session.client).await?;
    let admitted = client.is_none_or(|client| client.admits(&by.app));
    if admitted { Ok(()) } else { Err(StepError::Unknown) }
}
