//! Sign in, or register, with a code that came by SMS.

use axum::extract::State;
use saoma_domain::{
    cases::{self, SignInError},
    sms_code::SmsCode,
};
use saoma_http::{Facts, Problem, body::Json};
use serde::Deserialize;

use crate::{App, read_number, signed_in::SignedIn};

/// The number and its code.
#[derive(Deserialize)]
pub(crate) struct Presented {
    phone: String,
    code: String,
}

/// `POST /api/user/login/code`.
pub(crate) async fn login_code(
    State(app): State<App>,
    facts: Facts,
    Json(presented): Json<Presented>,
) -> Result<Json<SignedIn>, Problem> {
    let number = read_number(&presented.phone)?;
    let code = SmsCode::parse(presented.code.trim()).ok_or(SignInError::InvalidCode)?;
    let service = &app.service;
    let signed_in = cases::sign_in_by_sms(
        &*app.challenges,
        &*app.accounts,
        &*app.sign_ins,
        &*service.keys,
        &*service.random,
        &number,
        &code,
        service.settings.refresh_token_life,
        service.clock.now(),
    )
    .await?;
    SignedIn::of(&app, &facts, &signed_in.account, &signed_in.sign_in, signed_in.is_new).map(Json)
}
