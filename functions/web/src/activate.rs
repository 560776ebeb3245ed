//! The person lets the PC in.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::cases::ForeignStep;
use saoma_http::{
    Facts, Problem,
    auth::Caller,
    body::{Json, JsonOrForm},
    consent::picked_number,
    foreign::OfAnyIssuer,
};
use serde::{Deserialize, Serialize};

use crate::{App, flag::Flag, lock::target};

/// The text that the app read from the picture, and the number that the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activating {
    code: String,
    match_number: Option<String>,
}

/// Done.
#[derive(Serialize)]
pub(crate) struct Done {
    pub(crate) statusflag: Flag,
}

/// `POST /qr/activate`.
pub(crate) async fn activate(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    JsonOrForm(activating): JsonOrForm<Activating>,
) -> Result<Json<Done>, Problem> {
    let number = picked_number(activating.match_number.as_deref())?;
    let target = target(&app, &facts, &headers, &activating.code).await?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    app.logins.confirm(&target, by, number, app.service.clock.now()).await?;
    Ok(Json(Done { statusflag: Flag::Waiting }))
}
