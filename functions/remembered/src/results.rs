//! A region polls for its answers.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_app::login_event::LoginEvent;
use saoma_http::{Facts, Problem, body::Json};
use serde::Serialize;

use crate::App;

/// All answers so far, in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the answer's own name for them")]
pub(crate) struct Results {
    code: u16,
    message: &'static str,
    trace_id: String,
    /// Ours: after how many seconds to ask again.
    poll_after: u64,
    results: Vec<LoginEvent>,
}

/// `GET /login/results/{traceId}`. The answers are computed from the sessions, so they cannot differ from the stored
/// state. Like every poll, this reads a copy that may be a moment old. Another region's trace is unknown (W15),
/// also when it has the same id (K4).
pub(crate) async fn results(
    State(app): State<App>,
    facts: Facts,
    Path(trace_id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Results>, Problem> {
    let client = app.region(&headers).await?;
    let trace = app.trace(&trace_id).await?;
    if trace.client != client.id || !client.is_of(trace.created_at) {
        return Err(Problem::not_found());
    }
    let service = &app.service;
    let (issuer, now) = (service.public_url(facts.domain())?, service.clock.now());
    let (mut results, mut waits) = (Vec::new(), Vec::new());
    for code in trace.prompt.iter().chain([&trace.qr]) {
        if let Some(session) = app.logins.logins.look_up(code).await? {
            let history = LoginEvent::history(service, &issuer, &session, now);
            results.extend(history.map_err(|error| Problem::internal(error.to_string()))?);
            waits.push(session.poll_after(now).as_secs());
        }
    }
    // The session that is asked about soonest: of a prompt and the QR that replaces it, one waits.
    let poll_after = waits.into_iter().min().unwrap_or_default();
    Ok(Json(Results { code: 0, message: "", trace_id: trace.id.to_string(), poll_after, results }))
}
