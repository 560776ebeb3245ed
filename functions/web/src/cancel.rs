//! The person says no, and the QR is over.

use axum::extract::State;
use saoma_http::{
    Facts, Problem,
    auth::Caller,
    body::{Json, JsonOrForm},
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
    Caller(by): Caller,
    facts: Facts,
    JsonOrForm(cancelling): JsonOrForm<Cancelling>,
) -> Result<Json<Done>, Problem> {
    app.logins.cancel(&target(&app, &facts, &cancelling.code)?, by, app.service.clock.now()).await?;
    Ok(Json(Done { statusflag: Flag::Waiting }))
}
