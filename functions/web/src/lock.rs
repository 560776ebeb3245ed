//! The app scanned the QR.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases::{ForeignStep, Target},
    scan::Scanned,
    session::{Dialect, Ext},
};
use saoma_http::{
    Facts, Problem,
    auth::Caller,
    body::{Json, JsonOrForm},
    consent::Consent,
    foreign::OfAnyIssuer,
    sighting,
};
use serde::{Deserialize, Serialize};

use crate::{App, flag::Flag};

/// The text that the app read from the picture, and the app's own text for the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Locking {
    code: String,
    #[serde(default)]
    ext: Option<String>,
}

/// Success, with the kind of QR and what the app shows the person.
#[derive(Serialize)]
pub(crate) struct Locked {
    statusflag: Flag,
    r#type: &'static str,
    consent: Consent,
}

/// `POST /qr/lock`: binds the QR to this app.
pub(crate) async fn lock(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    JsonOrForm(locking): JsonOrForm<Locking>,
) -> Result<Json<Locked>, Problem> {
    let ext = Ext::parse(locking.ext.as_deref().unwrap_or_default())
        .ok_or(Problem::bad_request("ext_too_long", "ext has at most 512 bytes."))?;
    let now = app.service.clock.now();
    let target = target(&app, &facts, &headers, &locking.code).await?;
    let by = caller.at(&target, ForeignStep::Scan).await?;
    let session = app.logins.scan(&target, by, ext, now).await?;
    let client = app.service.client_behind(&*app.clients, &session).await?;
    let consent = Consent::new(&session, client.as_ref(), &facts, now);
    Ok(Json(Locked { statusflag: Flag::Waiting, r#type: "login", consent }))
}

/// The session that a scan names: the QR's text, if it is of our address, or the bare code (`docs/security.md`
/// G5). A text that is no code gets the same answer as an unknown QR.
pub(crate) async fn target(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    scanned: &str,
) -> Result<Target, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let scanned = Scanned::from_scan(scanned, &public_url).ok_or_else(Problem::not_found)?;
    sighting::target(&app.service, facts, headers, &scanned, Some(Dialect::Web)).await
}
