//! Logs: one JSON object a line, one line a request.
//!
//! Never logged: tokens, secrets, tickets, whole codes, telephone numbers, bodies, queries and raw
//! paths (a path holds a code). A route is logged as its pattern.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use tracing::Level;

use crate::{Facts, Service};

/// Sends events to standard output as JSON, at `level` (`error` to `trace`; `info` otherwise).
pub fn init(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    // An error says that a subscriber is set already, as in tests.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level)
        .with_writer(std::io::stdout)
        .try_init();
}

/// Logs each request once, when it is answered.
pub(crate) async fn log_request(
    State(service): State<Service>,
    facts: Facts,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let began = service.clock.now();
    let response = next.run(request).await;
    let took = service.clock.now().since(began);
    tracing::info!(
        request_id = facts.request_id,
        method = method.as_str(),
        route = matched.as_ref().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}
