//! The app scanned the QR.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases,
    secrets::SessionCode,
    session::{Dialect, Ext},
};
use saoma_http::{
    Facts, Problem,
    body::{Json, JsonOrForm},
    consent::Consent,
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    flag::{Flag, Refused},
};

/// What was read from the picture, and the app's own text for the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Locking {
    code: String,
    #[serde(default)]
    ext: Option<String>,
}

/// Done, with the kind of QR and what to show the person.
#[derive(Serialize)]
pub(crate) struct Locked {
    statusflag: Flag,
    r#type: &'static str,
    consent: Consent,
}

/// `POST /qr/lock`: binds the QR to this app.
pub(crate) async fn lock(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    body: Result<JsonOrForm<Locking>, Problem>,
) -> Result<Json<Locked>, Refused> {
    let JsonOrForm(locking) = body?;
    let phone = app.phones.verify(&facts, &headers).await?;
    let ext = Ext::parse(locking.ext.as_deref().unwrap_or_default())
        .ok_or(Problem::bad_request("ext_too_long", "ext has at most 512 bytes."))?;
    let code = read_code(&app, &facts, &locking.code)?;
    let now = app.service.clock.now();
    let session =
        cases::scan(&*app.sessions, &*app.clients, &code, Some(Dialect::Web), phone, ext, now).await?;
    let client = app.service.client(&*app.clients, &session.client).await?;
    Ok(Json(Locked {
        statusflag: Flag::Waiting,
        r#type: "login",
        consent: Consent::new(&session, client.as_ref()),
    }))
}

/// The code in what the app read from a picture. What is no code is as dead as any unknown QR.
pub(crate) fn read_code(app: &App, facts: &Facts, scanned: &str) -> Result<SessionCode, Refused> {
    let public_url = app.service.public_url(facts)?;
    SessionCode::from_scan(scanned, &public_url).ok_or(Refused::Dead)
}
