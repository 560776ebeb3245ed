//! Confirm: the person agrees on the phone that scanned.

use super::{
    advance::{StepError, advance, find},
    scan::admit,
};
use crate::{
    identity::{Approver, Phone},
    ports::{Accounts, Clients, Devices, Sessions, StoreError},
    secrets::SessionCode,
    session::{Asks, Command, Dialect, Flow, MatchNumber, Session},
    time::Timestamp,
};

/// Confirms the session for `by`, and leaves what its contract promises: a machine bound to the
/// member, a pair that may be asked without a scan, a visit counted. Confirming again leaves it again,
/// so a failure between the two is mended by a retry.
///
/// Whoever scanned was admitted then; anybody else is told no more than their app may know.
///
/// # Errors
/// [`StepError`]; after [`Refusal::WrongMatchNumber`](crate::session::Refusal::WrongMatchNumber) the
/// session is over.
#[expect(
    clippy::too_many_arguments,
    reason = "each is a port or a parsed value; bundling them would only hide it"
)]
pub async fn confirm(
    sessions: &dyn Sessions,
    clients: &dyn Clients,
    devices: &dyn Devices,
    accounts: &dyn Accounts,
    code: &SessionCode,
    dialect: Option<Dialect>,
    by: Approver,
    number: Option<MatchNumber>,
    now: Timestamp,
) -> Result<Session, StepError> {
    let session = find(sessions, code, dialect).await?;
    let scanned = session.state.claim().is_some_and(|claim| session.is_held_by(claim, &by.phone));
    if !scanned {
        admit(clients, &session, &by).await?;
    }
    let by = by.phone;
    let confirmed = advance(sessions, session, &Command::Confirm(by.clone(), number), now).await?;
    remember(devices, accounts, &confirmed, &by, now).await?;
    Ok(confirmed)
}

/// What stays of a confirmed login, by contract.
async fn remember(
    devices: &dyn Devices,
    accounts: &dyn Accounts,
    session: &Session,
    by: &Phone,
    now: Timestamp,
) -> Result<(), StoreError> {
    match &session.flow {
        Flow::Kiosk { .. } => match &session.claims.device_mac {
            Some(mac) => devices.bind(by.account, mac, session.claims.device_name.as_ref(), now).await,
            None => Ok(()),
        },
        // Only a scan makes a pair: saying yes to a prompt proves no more than the pair already does.
        Flow::Remembered { ties, asks: Asks::Scan } => {
            devices.pair(&session.client, ties.policy, &ties.device, by, now).await
        }
        Flow::Shop { .. } => accounts.count_visit(by.account, &session.code, session.seen.ip, now).await,
        Flow::Remembered { asks: Asks::Person { .. }, .. } | Flow::Web { .. } => Ok(()),
    }
}
