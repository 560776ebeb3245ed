//! A person asks for a code by SMS.

use axum::extract::State;
use saoma_http::{Facts, Problem, body::Json};
use serde::{Deserialize, Serialize};

use crate::{App, number::read_number, read_challenge};

/// The number that gets the code, and the caller's challenge.
#[derive(Deserialize)]
pub(crate) struct Asked {
    phone: String,
    challenge: Option<String>,
}

/// The answer. It is the same for known and unknown numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    resend_after: u64,
    expires_in: u64,
}

/// `POST /api/user/sendCode`. Repeating the call gives the same answer and sends no second message. After
/// `resendAfter` it sends another one.
pub(crate) async fn send_code(
    State(app): State<App>,
    facts: Facts,
    Json(asked): Json<Asked>,
) -> Result<Json<Sent>, Problem> {
    let challenge = read_challenge(asked.challenge.as_deref())?;
    let number = read_number(&asked.phone)?;
    let now = app.service.clock.now();
    let sent = app.people.send_code(&challenge, &number, facts.network(), now).await?;
    Ok(Json(Sent { resend_after: sent.resend_after.as_secs(), expires_in: sent.expires_in.as_secs() }))
}
