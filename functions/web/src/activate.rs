//! The person lets the PC in.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{cases, session::Dialect};
use saoma_http::{
    Facts, Problem,
    body::{Json, JsonOrForm},
    consent::picked_number,
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    flag::{Flag, Refused},
    lock::read_code,
};

/// What was read from the picture, and the number the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activating {
    code: String,
    match_number: Option<String>,
}

/// Done.
#[derive(Serialize)]
pub(crate) struct Done {
    pub(crate) statusflag: Flag,
}

/// `POST /qr/activate`.
pub(crate) async fn activate(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    body: Result<JsonOrForm<Activating>, Problem>,
) -> Result<Json<Done>, Refused> {
    let JsonOrForm(activating) = body?;
    let by = app.phones.verify(&facts, &headers).await?;
    let number = picked_number(activating.match_number.as_deref())?;
    let code = read_code(&app, &facts, &activating.code)?;
    let now = app.service.clock.now();
    let web = Some(Dialect::Web);
    let (clients, devices, accounts) = (&*app.clients, &*app.devices, &*app.accounts);
    cases::confirm(&*app.sessions, clients, devices, accounts, &code, web, by, number, now).await?;
    Ok(Json(Done { statusflag: Flag::Waiting }))
}
