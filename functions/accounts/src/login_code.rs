//! Sign in, or register, with a code that came by SMS.

use axum::extract::State;
use saoma_domain::{
    cases::{self, SignInError},
    identity::ClientId,
    sms_code::SmsCode,
};
use saoma_http::{Facts, Problem, body::Json};
use serde::Deserialize;

use crate::{App, number::read_number, signed_in::SignedIn};

/// The number and its code.
#[derive(Deserialize)]
pub(crate) struct Presented {
    phone: String,
    code: String,
    /// The app's client id; none is our own page (ADVERSARIES A17).
    client: Option<String>,
}

/// `POST /api/user/login/code`.
pub(crate) async fn login_code(
    State(app): State<App>,
    facts: Facts,
    Json(presented): Json<Presented>,
) -> Result<Json<SignedIn>, Problem> {
    let number = read_number(&presented.phone)?;
    let code = SmsCode::parse(&presented.code).ok_or(SignInError::InvalidCode)?;
    let service = &app.service;
    let client = read_app(&app, presented.client.as_deref()).await?;
    let signed_in = cases::sign_in_by_sms(
        &*app.challenges,
        &*app.accounts,
        &*app.sign_ins,
        &*service.keys,
        &*service.random,
        &number,
        &code,
        client,
        service.settings.refresh_token_life,
        service.clock.now(),
    )
    .await?;
    SignedIn::of(&app, &facts, &signed_in.account, &signed_in.sign_in, signed_in.is_new).map(Json)
}

/// The app a phone signs in through: a registered client.
async fn read_app(app: &App, named: Option<&str>) -> Result<ClientId, Problem> {
    const UNKNOWN: Problem = Problem::bad_request("unknown_client", "client names no registered client.");
    let Some(named) = named else { return Ok(ClientId::phone()) };
    let id = ClientId::parse(named).ok_or(UNKNOWN)?;
    let known = id == ClientId::phone() || app.clients.client(&id).await?.is_some();
    if known { Ok(id) } else { Err(UNKNOWN) }
}
