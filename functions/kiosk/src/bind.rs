//! The person authorises on the mini-program.

use axum::extract::{Path, State};
use saoma_domain::cases::ForeignStep;
use saoma_http::{Facts, Problem, auth::Caller, body::Json, consent::picked_number, foreign::OfAnyIssuer};
use serde::Deserialize;

use crate::{App, answer::Answer, target};

/// What the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    match_number: Option<String>,
}

/// `POST /api/qrCode/bindLoginQrCode/{id}`: confirms, and binds the machine to the member. A second call completes
/// what the first one left undone.
pub(crate) async fn bind(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    Path(id): Path<String>,
    Json(picked): Json<Picked>,
) -> Result<Json<Answer>, Problem> {
    let number = picked_number(picked.match_number.as_deref())?;
    let target = target(&id)?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    let session = app.logins.confirm(&target, by, number, app.service.clock.now()).await?;
    Answer::of(&app, &facts, &session).map(Json)
}
