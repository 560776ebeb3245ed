//! A person deletes their account.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    account::{Account, AccountStatus},
    cases::SignInError,
    identity::Approver,
    sms_challenge::{ChallengeId, Purpose},
    sms_code::SmsCode,
};
use saoma_http::{Problem, auth::Caller, body::Json};
use serde::{Deserialize, Serialize};

use crate::App;

/// The proof that the person has the account's number at hand.
#[derive(Deserialize)]
pub(crate) struct Presented {
    challenge: Option<String>,
    code: Option<String>,
}

/// That records are left to be removed: the caller repeats the call.
#[derive(Serialize)]
struct Begun {
    more: bool,
}

/// `DELETE /api/user`: the account is refused everywhere at once, and then its records go. 204 when nothing is left,
/// 202 when the caller must repeat the call. A repeated call needs no code, because the account is deleted already.
///
/// The checks, in order: the token is a phone's; the account is being deleted already, or its sign-in stands and the
/// code was sent to the account's own number.
pub(crate) async fn leave(
    State(app): State<App>,
    Caller(by): Caller,
    Json(presented): Json<Presented>,
) -> Result<Response, Problem> {
    let now = app.service.clock.now();
    let records = app.checks.phone(&by.phone).await?;
    let is_deleted =
        |account: &Account| account.status == AccountStatus::Deleted && account.id == by.phone.account;
    let is_done = if records.account.as_ref().is_some_and(is_deleted) {
        app.mine.go_on(by.phone.account).await?
    } else {
        let (_, account) = records.stands(now)?;
        prove(&app, &account, &by, &presented).await?;
        app.mine.leave(&account, now).await?
    };
    Ok(if is_done {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::ACCEPTED, Json(Begun { more: true })).into_response()
    })
}

/// 403 and not 401: the token is good, and renewing it would not help.
async fn prove(app: &App, account: &Account, by: &Approver, presented: &Presented) -> Result<(), Problem> {
    const CHALLENGE: Problem = Problem::bad_request(
        "invalid_challenge",
        "`challenge` must be one for which a code was just sent to the account's own number.",
    );
    const CODE: Problem = Problem::new(
        StatusCode::FORBIDDEN,
        "invalid_code",
        "The code is wrong, used, too old, or of another number.",
    );
    let challenge = presented.challenge.as_deref().and_then(ChallengeId::parse).ok_or(CHALLENGE)?;
    let code = presented.code.as_deref().and_then(SmsCode::parse).ok_or(CODE)?;
    let now = app.service.clock.now();
    let (source, purpose) = (by.address, (Purpose::Deletion, &by.phone.sign_in));
    let proved = app.people.prove_own_number(account, purpose, &challenge, &code, source, now).await;
    match proved {
        Ok(_) => Ok(()),
        Err(SignInError::InvalidCode) => Err(CODE),
        Err(other) => Err(other.into()),
    }
}
