//! The mini-program scanned the QR.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_domain::{
    cases,
    session::{Dialect, Ext},
};
use saoma_http::{Facts, Problem, body::Json, consent::Consent};

use crate::{App, answer::Answer, code_of};

/// `POST /api/qrCode/scanLoginQrCode/{id}`: binds the session to this phone and says what to show.
pub(crate) async fn scan(
    State(app): State<App>,
    facts: Facts,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Answer>, Problem> {
    let phone = app.phones.verify(&facts, &headers).await?;
    let now = app.service.clock.now();
    let kiosk = Some(Dialect::Kiosk);
    let code = code_of(&id)?;
    let session =
        cases::scan(&*app.sessions, &*app.clients, &code, kiosk, phone, Ext::default(), now).await?;
    let client = app.service.client(&*app.clients, &session.client).await?;
    Ok(Json(Answer {
        consent: Some(Consent::new(&session, client.as_ref())),
        ..Answer::of(&app, &facts, &session)?
    }))
}
