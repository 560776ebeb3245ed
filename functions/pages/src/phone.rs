//! What the phone page does with a code, whatever dialect opened it.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_domain::{cases, secrets::SessionCode, session::Ext};
use saoma_http::{
    Facts, Problem,
    body::Json,
    consent::{Consent, picked_number},
};
use serde::{Deserialize, Serialize};

use crate::App;

/// Scanned: who asks, and for how long.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scanned {
    state: &'static str,
    consent: Consent,
    expires_in: u64,
}

/// Decided.
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

/// `POST /q/{code}/scan`.
pub(crate) async fn scan(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Scanned>, Problem> {
    let phone = app.phones.verify(&facts, &headers).await?;
    let now = app.service.clock.now();
    let code = read_code(&code)?;
    let session = cases::scan(&*app.sessions, &*app.clients, &code, None, phone, Ext::default(), now).await?;
    let client = app.service.client(&*app.clients, &session.client).await?;
    Ok(Json(Scanned {
        state: session.state.name(),
        consent: Consent::new(&session, client.as_ref()),
        expires_in: session.expires_at.since(now).as_secs(),
    }))
}

/// `POST /q/{code}/confirm`.
pub(crate) async fn confirm(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    Json(picked): Json<Picked>,
) -> Result<Json<Decided>, Problem> {
    let by = app.phones.verify(&facts, &headers).await?;
    let number = picked_number(picked.match_number.as_deref())?;
    let now = app.service.clock.now();
    let code = read_code(&code)?;
    let (clients, devices, accounts) = (&*app.clients, &*app.devices, &*app.accounts);
    let session =
        cases::confirm(&*app.sessions, clients, devices, accounts, &code, None, by, number, now).await?;
    let asks_next_time = Some(session.ties().is_some());
    Ok(Json(Decided { state: session.state.name(), asks_next_time }))
}

/// `POST /q/{code}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Decided>, Problem> {
    let phone = app.phones.verify(&facts, &headers).await?;
    let now = app.service.clock.now();
    let session = cases::cancel(&*app.sessions, &*app.clients, &read_code(&code)?, None, phone, now).await?;
    Ok(Json(Decided { state: session.state.name(), asks_next_time: None }))
}

fn read_code(raw: &str) -> Result<SessionCode, Problem> {
    SessionCode::parse(raw).ok_or_else(Problem::not_found)
}
