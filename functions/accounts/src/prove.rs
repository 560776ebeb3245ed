//! A person who is signed in proves again who they are.

use axum::{extract::State, http::StatusCode};
use saoma_app::metrics::Metric;
use saoma_domain::{cases::SignInError, sms_code::SmsCode};
use saoma_http::{Problem, auth::Caller, body::Json};
use serde::{Deserialize, Serialize};

use crate::{App, read_challenge};

/// The challenge that asked for the code, and the code.
#[derive(Deserialize)]
pub(crate) struct Presented {
    challenge: Option<String>,
    code: String,
}

/// When the person last proved who they are, in seconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proved {
    auth_time: u64,
}

/// `POST /api/user/prove`: with a code that was just sent to the account's own number. The phone stays signed in as it was, and
/// what it has scanned stays its own (`docs/security.md` I5). The same challenge and code again within 30 s get the same answer.
pub(crate) async fn prove(
    State(app): State<App>,
    Caller(by): Caller,
    Json(presented): Json<Presented>,
) -> Result<Json<Proved>, Problem> {
    let challenge = read_challenge(presented.challenge.as_deref())?;
    let code = SmsCode::parse(&presented.code).ok_or(INVALID_CODE)?;
    let now = app.service.clock.now();
    match app.people.prove_again(&by.phone, &challenge, &code, by.address, now).await {
        Ok(sign_in) => Ok(Json(Proved { auth_time: sign_in.proved_at.secs() })),
        Err(SignInError::InvalidCode) => {
            app.service.metrics.count(Metric::WrongCodes, now);
            Err(INVALID_CODE)
        }
        Err(other) => Err(other.into()),
    }
}

/// 403 and not 401: the token is good, and renewing it would not help.
const INVALID_CODE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "invalid_code",
    "The code is wrong, used, too old, or of another number.",
);
