//! Confirm: the person agrees on the phone that scanned.

use super::advance::{StepError, advance, find};
use crate::{
    identity::Phone,
    ports::{Devices, Sessions},
    secrets::SessionCode,
    session::{Command, Dialect, MatchNumber, Session},
    time::Timestamp,
};

/// Confirms the session for `by`, and binds the machine it was opened on to the member (CONTRACTS
/// section 1). Confirming again binds again, so a failure between the two is mended by a retry.
///
/// # Errors
/// [`StepError`]; after [`Refusal::WrongMatchNumber`](crate::session::Refusal::WrongMatchNumber) the
/// session is over.
pub async fn confirm(
    sessions: &dyn Sessions,
    devices: &dyn Devices,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Phone,
    number: Option<MatchNumber>,
    now: Timestamp,
) -> Result<Session, StepError> {
    let account = by.account;
    let session = find(sessions, code, dialect).await?;
    let confirmed = advance(sessions, session, &Command::Confirm(by, number), now).await?;
    if let (Dialect::Kiosk, Some(mac)) = (confirmed.dialect, &confirmed.claims.device_mac) {
        devices.bind(account, mac, confirmed.claims.device_name.as_ref(), now).await?;
    }
    Ok(confirmed)
}
