//! What every answer gets, and what no request may do.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use futures_util::FutureExt;

use crate::{Problem, Service, telemetry};

/// Names under which a secret might be sent in a query, where logs and histories keep it.
const SECRET_NAMES: [&str; 10] = [
    "token",
    "polltoken",
    "poll_token",
    "client_secret",
    "access_token",
    "accesstoken",
    "refreshtoken",
    "refresh_token",
    "authorization",
    "secret",
];

/// How a function's contract words a refusal.
pub type Shape = fn(Problem) -> Response;

/// A function's routes, with the refusals and headers all of them share, and the log outside. The
/// refusals take the contract's `shape`.
pub fn hardened(routes: Router, service: &Service, shape: Shape) -> Router {
    routes
        .fallback(move || async move { shape(no_such_route()) })
        .method_not_allowed_fallback(move || async move { shape(wrong_method()) })
        .layer(middleware::from_fn_with_state(shape, refuse_secrets_in_query))
        .layer(middleware::from_fn_with_state(shape, catch_panics))
        .layer(middleware::map_response(with_headers))
        .layer(middleware::from_fn_with_state(service.clone(), telemetry::log_request))
}

fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_route", "There is nothing at this address.")
}

fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method.")
}

/// A secret in a query is refused, so that nobody gets used to sending one (ADVERSARIES E2).
async fn refuse_secrets_in_query(State(shape): State<Shape>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str()));
    if named {
        return shape(Problem::bad_request("secret_in_query", "Send tokens and secrets in headers."));
    }
    next.run(request).await
}

/// A panic is one failed answer; the process serves the next request.
async fn catch_panics(State(shape): State<Shape>, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_| shape(Problem::internal("a handler panicked")))
}

async fn with_headers(mut response: Response) -> Response {
    add_headers(response.headers_mut());
    response
}

/// Answers are not stored (W16), not sniffed, not framed (W5), unless their route says otherwise.
pub fn add_headers(headers: &mut HeaderMap) {
    const DEFAULTS: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
