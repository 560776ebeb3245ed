//! The person says no on the mini-program.

use axum::extract::{Path, State};
use saoma_domain::cases::ForeignStep;
use saoma_http::{Facts, Problem, auth::Caller, body::Json, foreign::OfAnyIssuer};

use crate::{App, answer::Answer, target};

/// `POST /api/qrCode/cancelLoginQrCode/{id}`.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    Path(id): Path<String>,
    Json(_): Json<serde::de::IgnoredAny>,
) -> Result<Json<Answer>, Problem> {
    let target = target(&id)?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    let session = app.logins.cancel(&target, by, app.service.clock.now()).await?;
    Answer::of(&app, &facts, &session).map(Json)
}
