//! The person authorises on the mini-program.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_domain::{cases, session::Dialect};
use saoma_http::{Facts, Problem, body::Json, consent::picked_number};
use serde::Deserialize;

use crate::{App, answer::Answer, code_of};

/// What the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    match_number: Option<String>,
}

/// `POST /api/qrCode/bindLoginQrCode/{id}`: confirms, and binds the machine to the member.
pub(crate) async fn bind(
    State(app): State<App>,
    facts: Facts,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(picked): Json<Picked>,
) -> Result<Json<Answer>, Problem> {
    let by = app.phones.verify(&facts, &headers).await?;
    let number = picked_number(picked.match_number.as_deref())?;
    let now = app.service.clock.now();
    let kiosk = Some(Dialect::Kiosk);
    let code = code_of(&id)?;
    let (clients, devices, accounts) = (&*app.clients, &*app.devices, &*app.accounts);
    let session =
        cases::confirm(&*app.sessions, clients, devices, accounts, &code, kiosk, by, number, now).await?;
    Ok(Json(Answer::of(&app, &facts, &session)?))
}
