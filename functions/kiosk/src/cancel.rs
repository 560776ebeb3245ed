//! The person says no on the mini-program.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_domain::{cases, session::Dialect};
use saoma_http::{Facts, Problem, body::Json};

use crate::{App, answer::Answer, code_of};

/// `POST /api/qrCode/cancelLoginQrCode/{id}`.
pub(crate) async fn cancel(
    State(app): State<App>,
    facts: Facts,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Answer>, Problem> {
    let phone = app.phones.verify(&facts, &headers).await?;
    let now = app.service.clock.now();
    let (code, kiosk) = (code_of(&id)?, Some(Dialect::Kiosk));
    let session = cases::cancel(&*app.sessions, &*app.clients, &code, kiosk, phone, now).await?;
    Ok(Json(Answer::of(&app, &facts, &session)?))
}
