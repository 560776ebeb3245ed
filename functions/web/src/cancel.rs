//! The person says no, and the QR is over.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::cases::ForeignStep;
use saoma_http::{
    Facts, Problem,
    auth::Caller,
    body::{Json, JsonOrForm},
    foreign::OfAnyIssuer,
};
use serde::Deserialize;

use crate::{App, activate::Done, flag::Flag, lock::target};

/// The text that the app read from the picture.
#[derive(Debug, Deserialize)]
pub(crate) struct Cancelling {
    code: String,
}

/// `POST /qr/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: OfAnyIssuer<Caller>,
    facts: Facts,
    headers: HeaderMap,
    JsonOrForm(cancelling): JsonOrForm<Cancelling>,
) -> Result<Json<Done>, Problem> {
    let target = target(&app, &facts, &headers, &cancelling.code).await?;
    let by = caller.at(&target, ForeignStep::Decide).await?;
    app.logins.cancel(&target, by, app.service.clock.now()).await?;
    Ok(Json(Done { statusflag: Flag::Waiting }))
}
