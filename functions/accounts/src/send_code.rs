//! A person asks for a code by SMS.

use axum::extract::State;
use saoma_app::metrics::Metric;
use saoma_domain::{cases::Asking, secrets::Secret, sms_text::bindable_host};
use saoma_http::{Facts, Problem, body::Json};
use serde::{Deserialize, Serialize};

use crate::{App, number::read_number, read_challenge};

/// The number that gets the code, and the caller's challenge.
#[derive(Deserialize)]
pub(crate) struct Asked {
    phone: String,
    challenge: Option<String>,
    /// What the last sign-in gave this device.
    known: Option<String>,
    /// The solution of a puzzle.
    puzzle: Option<String>,
}

/// The answer. It is the same for known and unknown numbers, and for a message that others share.
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
    let served = read_number(&asked.phone, &app.service.settings.sms)?;
    let known = asked.known.as_deref().and_then(Secret::presented);
    let host = our_host(&app, &facts);
    let asking = Asking {
        challenge: &challenge,
        number: &served.number,
        country: &served.country,
        known: known.as_ref(),
        puzzle: asked.puzzle.as_deref(),
        source: facts.ip,
        host: host.as_deref(),
    };
    let now = app.service.clock.now();
    let sent = app.people.send_code(&asking, now).await.map_err(|error| {
        let problem = Problem::from(error);
        app.service.metrics.count_because(Metric::SmsRefused, problem.code, now);
        problem
    })?;
    if asking.puzzle.is_some() {
        app.service.metrics.count(Metric::PuzzlesSolved, now);
    }
    Ok(Json(Sent { resend_after: sent.resend_after.as_secs(), expires_in: sent.expires_in.as_secs() }))
}

/// The host of our pages, to which a message binds its code.
fn our_host(app: &App, facts: &Facts) -> Option<String> {
    let url = app.service.public_url(facts.domain()).ok()?;
    bindable_host(&url).map(str::to_owned)
}
