//! A signed-in person types the code that a device shows (`docs/oauth.md`).

use axum::extract::State;
use saoma_domain::{cases::TypedError, oauth::UserCode};
use saoma_http::{Facts, Problem, auth::SignedInPhone, body::Json};
use serde::{Deserialize, Serialize};

use crate::App;

/// The code, as the person typed it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Typed {
    user_code: String,
}

/// The session's code: the phone page goes on at `/q/{code}`, as after a scan.
#[derive(Serialize)]
pub(crate) struct Found {
    code: String,
}

/// `POST /oauth/user_code`. A malformed code is no guess and is not counted. A wrong one is, by account and by network
/// (`docs/security.md` D1).
pub(crate) async fn find(
    State(app): State<App>,
    facts: Facts,
    phone: SignedInPhone,
    Json(typed): Json<Typed>,
) -> Result<Json<Found>, Problem> {
    const MALFORMED: Problem =
        Problem::bad_request("malformed_user_code", "A user code has 12 letters: XXXX-XXXX-XXXX.");
    let code = UserCode::parse(&typed.user_code).ok_or(MALFORMED)?;
    let found = app.typed.find(&code, phone.account.id, facts.ip, app.service.clock.now()).await;
    match found {
        Ok(code) => Ok(Json(Found { code: code.to_string() })),
        Err(TypedError::Unknown) => Err(Problem::not_found()),
        Err(TypedError::TooMany(wait)) => Err(Problem::too_many(wait.as_secs().max(1))),
        Err(TypedError::Store(error)) => Err(error.into()),
    }
}
