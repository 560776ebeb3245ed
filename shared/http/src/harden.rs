//! The headers that every answer gets, and the requests that every function refuses.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use percent_encoding::percent_decode_str;
use saoma_app::Service;

use crate::{Problem, edge, guesses, telemetry};

/// Parameter names that suggest a secret in the query, where logs and browser histories would keep it.
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

/// How a function's contract words a refusal: the status, the type and the body.
pub type Shape = fn(&Problem) -> Response;

/// The shape of RFC 9457, for contracts that have none of their own.
#[must_use]
pub fn as_problem(problem: &Problem) -> Response {
    problem.clone().into_response()
}

/// Wraps a function's routes with the refusals and headers that all of them share, and with the log around both.
///
/// Handlers and extractors refuse with a [`Problem`]. This edge gives it the contract's `shape`.
pub fn hardened(routes: Router, service: &Service, shape: Shape) -> Router {
    hardened_with_files(routes, Router::new(), service, shape)
}

/// The same, for a function that also serves `files`: pages and documents that are the same for every caller. A request for a
/// file holds nothing to guess, and its answer asks no store. So a network that guesses is refused at the other routes
/// alone, and its neighbours get every file (`docs/security.md` D11).
pub fn hardened_with_files(routes: Router, files: Router, service: &Service, shape: Shape) -> Router {
    routes
        .layer(middleware::from_fn_with_state(service.clone(), guesses::slow_down))
        .merge(files)
        .fallback(|| async { no_such_route() })
        .method_not_allowed_fallback(|| async { wrong_method() })
        .layer(middleware::from_fn(refuse_secrets_in_query))
        .layer(middleware::from_fn(refuse_paths_that_are_no_text))
        .layer(middleware::from_fn_with_state(service.clone(), keep_keys_fresh))
        .layer(middleware::from_fn(catch_panics))
        .layer(middleware::from_fn(edge::refuse_others))
        .layer(middleware::from_fn_with_state(shape, word_refusals))
        .layer(middleware::map_response(with_headers))
        .layer(middleware::from_fn_with_state(service.clone(), telemetry::log_request))
        .layer(middleware::from_fn_with_state(service.clone(), edge::take_address))
}

fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_route", "There is nothing at this address.")
}

fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method.")
}

/// Refuses a request with a secret in its query, so that no client comes to rely on sending one there
/// (`docs/security.md` E2).
async fn refuse_secrets_in_query(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str()));
    if named {
        return Problem::bad_request("secret_in_query", "Send tokens and secrets in headers.")
            .into_response();
    }
    next.run(request).await
}

/// Refuses a path whose `%XX` are no UTF-8, which no handler could read. The refusal has the contract's shape (W8).
async fn refuse_paths_that_are_no_text(request: Request, next: Next) -> Response {
    if percent_decode_str(request.uri().path()).decode_utf8().is_err() {
        return Problem::bad_request("malformed_path", "The address is not UTF-8.").into_response();
    }
    next.run(request).await
}

/// Reads the signing secret again when it is time, before the request needs a key.
async fn keep_keys_fresh(State(service): State<Service>, request: Request, next: Next) -> Response {
    service.keys.keep_fresh().await;
    next.run(request).await
}

/// Keeps the shape of RFC 9457 on a route of our own, in a function whose contract has another shape.
pub async fn keep_own_shape(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(KeepsItsShape);
    response
}

/// An answer of the contract that is a refusal all the same: the log gets the problem, the caller this answer, and when to
/// come back.
#[must_use]
pub fn refused_as(mut answer: Response, problem: impl Into<Problem>) -> Response {
    let problem = problem.into();
    if let Some(seconds) = problem.retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer.extensions_mut().insert(problem);
    answer.extensions_mut().insert(KeepsItsShape);
    answer
}

#[derive(Clone, Copy)]
struct KeepsItsShape;

/// Gives a refusal the contract's shape. Headers that the handler added stay.
async fn word_refusals(State(shape): State<Shape>, request: Request, next: Next) -> Response {
    let refused = next.run(request).await;
    let keeps = refused.extensions().get::<KeepsItsShape>().is_some();
    let Some(problem) = refused.extensions().get::<Problem>().cloned().filter(|_| !keeps) else {
        return refused;
    };
    let mut worded = shape(&problem);
    for (name, value) in refused.headers() {
        if !worded.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            worded.headers_mut().append(name, value.clone());
        }
    }
    worded.extensions_mut().insert(problem);
    worded
}

/// Turns a panic into one failed answer. The process serves the next request.
async fn catch_panics(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_| Problem::internal("a handler panicked").into_response())
}

async fn with_headers(mut response: Response) -> Response {
    add_headers(response.headers_mut());
    response
}

/// Forbids storing (W16), sniffing and framing (W5) of answers, unless the route says otherwise.
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
