//! The mini-program scanned the QR.

use axum::extract::{Path, State};
use saoma_domain::{cases::ForeignStep, session::Ext};
use saoma_http::{Facts, Problem, auth::Caller, body::Json, consent::Consent, foreign::OfAnyIssuer};

use crate::{App, answer::Answer, target};

/// `POST /api/qrCode/scanLoginQrCode/{id}`: binds the session to this phone and says what to show.
pub(crate) async fn scan(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    Path(id): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Answer>, Problem> {
    let now = app.service.clock.now();
    let target = target(&id)?;
    let by = caller.at(&target, ForeignStep::Scan).await?;
    let session = app.logins.scan(&target, by, Ext::default(), now).await?;
    let client = app.service.client_behind(&*app.clients, &session).await?;
    Ok(Json(Answer {
        consent: Some(Consent::new(&session, client.as_ref(), &facts, now)),
        ..Answer::of(&app, &facts, &session)?
    }))
}
