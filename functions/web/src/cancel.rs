//! The person says no: the QR dies.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{cases, session::Dialect};
use saoma_http::{
    Facts, Problem,
    body::{Json, JsonOrForm},
};
use serde::Deserialize;

use crate::{
    App,
    activate::Done,
    flag::{Flag, Refused},
    lock::read_code,
};

/// What was read from the picture.
#[derive(Debug, Deserialize)]
pub(crate) struct Cancelling {
    code: String,
}

/// `POST /qr/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    body: Result<JsonOrForm<Cancelling>, Problem>,
) -> Result<Json<Done>, Refused> {
    let JsonOrForm(cancelling) = body?;
    let phone = app.phones.verify(&facts, &headers).await?;
    let code = read_code(&app, &facts, &cancelling.code)?;
    let now = app.service.clock.now();
    cases::cancel(&*app.sessions, &*app.clients, &code, Some(Dialect::Web), phone, now).await?;
    Ok(Json(Done { statusflag: Flag::Waiting }))
}
