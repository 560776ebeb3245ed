//! The person says no on the mini-program.

use axum::extract::{Path, State};
use saoma_http::{Facts, Problem, auth::Caller, body::Json};

use crate::{App, answer::Answer, target};

/// `POST /api/qrCode/cancelLoginQrCode/{id}`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Caller(by): Caller,
    facts: Facts,
    Path(id): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Answer>, Problem> {
    let session = app.logins.cancel(&target(&id)?, by, app.service.clock.now()).await?;
    Answer::of(&app, &facts, &session).map(Json)
}
