//! Refusals in the words of RFC 6749 section 5.2.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::cases::{SignInError, StepError, StepFailure};
use saoma_http::{Problem, body::Json, harden::as_problem};
use serde::Serialize;

/// The body of a refusal.
#[derive(Serialize)]
struct Refused {
    error: &'static str,
    error_description: &'static str,
}

/// The grant is unknown, used, over, or another client's. Callers do not learn which.
pub(crate) const INVALID_GRANT: Problem =
    Problem::bad_request("invalid_grant", "The code or token is unknown, used, over, or another client's.");

/// The client is not registered for this grant.
pub(crate) const UNAUTHORIZED_CLIENT: Problem =
    Problem::bad_request("unauthorized_client", "The client is not registered for this grant.");

/// The access token is not good (RFC 6750 section 3.1).
pub(crate) const INVALID_TOKEN: Problem =
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", "The access token is over, or none of ours.");

/// A parameter is missing.
pub(crate) const fn missing(detail: &'static str) -> Problem {
    Problem::bad_request("invalid_request", detail)
}

/// Gives a refusal the shape of RFC 6749. Refusals that every function has get the nearest of its words.
pub(crate) fn shape(problem: &Problem) -> Response {
    if matches!(problem.code, "no_such_route" | "method_not_allowed") {
        return as_problem(problem);
    }
    let error = match problem.code {
        "malformed_body" | "malformed_query" | "unsupported_media_type" | "too_large" | "secret_in_query" => {
            "invalid_request"
        }
        "unavailable" | "too_many_requests" => "temporarily_unavailable",
        "internal" => "server_error",
        code => code,
    };
    let body = Refused { error, error_description: problem.detail };
    let mut response = (problem.status, Json(body)).into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let challenge = match error {
        "invalid_token" => {
            Some("Bearer error=\"invalid_token\", DPoP error=\"invalid_token\", algs=\"ES256\"")
        }
        "invalid_dpop_proof" if problem.status == StatusCode::UNAUTHORIZED => {
            Some("DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"")
        }
        "insufficient_scope" => Some("Bearer error=\"insufficient_scope\", scope=\"openid\""),
        _ if problem.status == StatusCode::UNAUTHORIZED => Some("Basic realm=\"oauth\""),
        _ => None,
    };
    let challenge =
        challenge.map(|challenge| (header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
    response.headers_mut().extend(challenge);
    response
}

/// A refusal of the core, where a client asks for tokens: a store that failed is no refusal, and all else is one of a
/// grant.
pub(crate) fn by_the_core(error: StepError) -> Problem {
    match error {
        StepError { why: StepFailure::Store(error), about } => Problem::from(error).about(about),
        StepError { why, about } => {
            let refused = Problem { cause: Some(why.to_string()), ..INVALID_GRANT }.about(about);
            if matches!(why, StepFailure::Unknown) { refused.as_guess() } else { refused }
        }
    }
}

/// The same for a sign-in.
pub(crate) fn sign_in_over(error: SignInError) -> Problem {
    match error {
        SignInError::Store(error) => error.into(),
        SignInError::UnknownToken => INVALID_GRANT.as_guess(),
        error => Problem { cause: Some(error.to_string()), ..INVALID_GRANT },
    }
}
