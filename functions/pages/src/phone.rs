//! The calls of the phone page, for sessions of every dialect.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{ForeignStep, Target, will_ask},
    scan::Scanned,
    session::Ext,
};
use saoma_http::{
    Facts, Problem,
    auth::Caller,
    body::Json,
    consent::{Consent, picked_number},
    foreign::OfAnyIssuer,
    sighting,
    site::is_elsewhere,
};
use serde::{Deserialize, Serialize};

use crate::App;

/// A page of another site calls.
const ANOTHER_SITE: Problem =
    Problem::new(StatusCode::FORBIDDEN, "another_site", "Only our own page makes this call.");

/// The answer to a scan: who asks, and for how long.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claimed {
    state: &'static str,
    consent: Consent,
    expires_in: u64,
}

/// The answer to a confirm or a cancel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decided {
    state: &'static str,
    /// Whether the device may ask this person without a scan from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    asks_next_time: Option<bool>,
}

/// The number the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    match_number: Option<String>,
}

/// `POST /q/{code}/receipt`: a browser that has just read a QR that rotates exchanges its tag for a cookie, before its person
/// signs in, which may take minutes. The cookie holds for this session in this browser. A browser that has it may repeat the call.
///
/// Only our own page makes this call: browsers say where a call comes from, and a call with JSON from another site needs an
/// answer to its preflight, which none gets (`docs/security.md` W1).
pub(crate) async fn receipt(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    if is_elsewhere(&headers) {
        return Err(ANOTHER_SITE);
    }
    let target = target(&app, &facts, &headers, &code).await?;
    let cookie = sighting::keep_receipt(&app.service, &facts, &target)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// `POST /q/{code}/scan`. The phone that scanned may repeat the call, even after the screen has signed in.
pub(crate) async fn scan(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Claimed>, Problem> {
    let now = app.service.clock.now();
    let target = target(&app, &facts, &headers, &code).await?;
    let by = caller.at(&target, ForeignStep::Scan).await?;
    let session = app.logins.scan(&target, by, Ext::default(), now).await?;
    let client = app.service.client_behind(&*app.clients, &session).await?;
    Ok(Json(Claimed {
        state: session.state.name(),
        consent: Consent::new(&session, client.as_ref(), &facts, now),
        expires_in: session.expires_at.since(now).as_secs(),
    }))
}

/// `POST /q/{code}/confirm`.
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(picked): Json<Picked>,
) -> Result<Json<Decided>, Problem> {
    let number = picked_number(picked.match_number.as_deref())?;
    let target = target(&app, &facts, &headers, &code).await?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    let session = app.logins.confirm(&target, by, number, app.service.clock.now()).await?;
    let client = app.service.client_behind(&*app.clients, &session).await?;
    let asks = session.ties().is_some() || client.is_some_and(|client| will_ask(&client, &session));
    let asks_next_time = Some(asks);
    Ok(Json(Decided { state: session.state.name(), asks_next_time }))
}

/// `POST /q/{code}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Decided>, Problem> {
    let target = target(&app, &facts, &headers, &code).await?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    let session = app.logins.cancel(&target, by, app.service.clock.now()).await?;
    Ok(Json(Decided { state: session.state.name(), asks_next_time: None }))
}

/// The session that the code in a path names, of any contract. The path holds what the QR's did: a code, or one with a tag.
async fn target(app: &App, facts: &Facts, headers: &HeaderMap, raw: &str) -> Result<Target, Problem> {
    let scanned = Scanned::parse(raw).ok_or_else(Problem::not_found)?;
    sighting::target(&app.service, facts, headers, &scanned, None).await
}
