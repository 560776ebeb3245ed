//! A code by SMS.

use axum::extract::State;
use saoma_domain::cases;
use saoma_http::{Facts, Problem, body::Json};
use serde::{Deserialize, Serialize};

use crate::{App, number::read_number};

/// Whom to send it to.
#[derive(Deserialize)]
pub(crate) struct Asked {
    phone: String,
}

/// The same for known and unknown numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    resend_after: u64,
    expires_in: u64,
}

/// `POST /api/user/sendCode`.
pub(crate) async fn send_code(
    State(app): State<App>,
    facts: Facts,
    Json(asked): Json<Asked>,
) -> Result<Json<Sent>, Problem> {
    let number = read_number(&asked.phone)?;
    let service = &app.service;
    let sent = cases::send_code(
        &*app.challenges,
        &*app.sms,
        &*service.keys,
        &*service.random,
        service.settings.sms,
        &service.settings.service_name,
        &number,
        facts.network(),
        service.clock.now(),
    )
    .await?;
    Ok(Json(Sent { resend_after: sent.resend_after.as_secs(), expires_in: sent.expires_in.as_secs() }))
}
