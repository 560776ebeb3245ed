//! Pages of any site may call the endpoints that take no cookie: an app in a browser is a client, too (OAuth 2.0 for
//! Browser-Based Applications). A person's consent is never asked for here, so no page can act for a person.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The calls that a page of another site may make, besides reading what is under `/.well-known/`.
const CALLS: [&str; 5] =
    ["/oauth/device_authorization", "/oauth/par", "/oauth/revoke", "/oauth/token", "/oauth/userinfo"];

/// The headers of an answer that a page may read, besides those that every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, WWW-Authenticate");

/// Lets the page that called read the answer.
pub(crate) fn readable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

/// Lets a page read why its call is refused, whichever layer refuses. What no page may call stays unreadable: the calls of
/// clients' servers, of our own page and of phones (`docs/security.md` W3).
pub(crate) async fn refusals_are_readable(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let of_a_page = CALLS.contains(&path) || path.starts_with("/.well-known/");
    let response = next.run(request).await;
    if of_a_page { readable(response) } else { response }
}

/// The headers that a page may send: how it authenticates, its proof (`DPoP`), and what libraries add: the version of MCP, and
/// tracing.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, dpop, mcp-protocol-version, baggage, sentry-trace, traceparent, tracestate";

/// Answers a browser that asks first.
pub(crate) async fn preflight() -> Response {
    const ALLOWED: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    readable((StatusCode::NO_CONTENT, ALLOWED).into_response())
}
