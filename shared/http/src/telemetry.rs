//! Logs: one JSON object a line, one line a request.
//!
//! Never logged: tokens, secrets, tickets, whole codes, telephone numbers, bodies, queries and raw paths (a path may
//! hold a code). A route is logged as its pattern, a session as its [`session_ref`]. A refusal is one line too, with
//! its `code`, its session, and its client: the session's, or the one that the caller named. [`AuditLog`] adds one line for
//! each step of a session, and for each session that a client may not open.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use saoma_app::{Service, metrics::Metric};
use saoma_domain::{
    identity::ClientId,
    opener::MachineName,
    ports::{Audit, AuditEvent, KeyedHash},
    secrets::SessionCode,
};
use tracing::Level;

use crate::{Facts, Problem};

/// Sends events to standard output as JSON, at `level` (`error` to `trace`; `info` otherwise).
pub fn init(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    // An error means that a subscriber is set already, as in tests.
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
    let refusal = response.extensions().get::<Problem>();
    let about = refusal.and_then(|problem| problem.about.as_ref());
    let named = || refusal.and_then(|problem| problem.client.as_deref());
    tracing::info!(
        request_id = facts.request_id,
        method = method.as_str(),
        route = matched.as_ref().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        code = refusal.map(|problem| problem.code),
        client = about.and_then(|about| about.client.as_ref()).or_else(named).map(ClientId::as_str),
        session_ref = about.map(|about| session_ref(&*service.keys, &about.code)),
        cause = refusal.and_then(|problem| problem.cause.as_deref()),
        "{}",
        if refusal.is_some() { "refused" } else { "request" }
    );
    response
}

/// The name of a session in logs: a keyed hash of its code. An operator with the code and the key finds the session's
/// lines; the lines do not reveal the code. After a rotation of the keys, a session has another name.
#[must_use]
pub fn session_ref(keys: &dyn KeyedHash, code: &SessionCode) -> String {
    let tag = keys.keyed_hash("session ref", &[code.as_str()]);
    tag.hash.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The record of every step of a session: a line of the log with the target `audit`, and a count for operators
/// (`docs/operations.md`).
pub struct AuditLog(Service);

impl AuditLog {
    /// The record of a function.
    #[must_use]
    pub const fn new(service: Service) -> Self {
        Self(service)
    }

    fn count(&self, event: &AuditEvent<'_>) {
        let (metrics, now) = (&self.0.metrics, self.0.clock.now());
        match event.step {
            "opened" => metrics.count(Metric::SessionsOpened, now),
            "scanned" => metrics.count(Metric::SessionsScanned, now),
            "confirmed" => {
                metrics.count(Metric::SessionsConfirmed, now);
                metrics.took(Metric::SecondsToConfirm, event.age.unwrap_or_default(), now);
            }
            "redeemed" => metrics.count(Metric::SessionsRedeemed, now),
            "cancelled" => {
                let reason = event.reason.as_deref().unwrap_or_default();
                metrics.count_because(Metric::SessionsCancelled, reason, now);
            }
            _ => {}
        }
    }
}

impl Audit for AuditLog {
    fn record(&self, event: &AuditEvent<'_>) {
        self.count(event);
        tracing::info!(
            target: "audit",
            audit = event.step,
            session_ref = event.code.map(|code| session_ref(&*self.0.keys, code)),
            client = event.client.map(ClientId::as_str),
            account = event.phone.map(|phone| tracing::field::display(phone.account)),
            sign_in = event.phone.map(|phone| phone.sign_in.as_str()),
            address = event.address.map(tracing::field::display),
            machine = event.machine.map(MachineName::as_str),
            reason = event.reason.as_deref(),
            "a step of a session"
        );
    }
}
