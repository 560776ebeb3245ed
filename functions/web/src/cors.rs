//! Which pages of other sites may call: those with exactly a registered origin. The phone's endpoints admit no page of
//! another site (`docs/security.md` W3).

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use saoma_domain::client::{Client, Origin};
use saoma_http::{Facts, Problem};

use crate::App;

const NOT_ADMITTED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "origin_not_registered",
    "This site is not registered with the client; cross-origin calls are refused.",
);

/// The other site a request comes from; `None` when it comes from our own pages or no page.
fn foreign_origin<'a>(headers: &'a HeaderMap, public_url: &str) -> Option<&'a HeaderValue> {
    headers.get(header::ORIGIN).filter(|origin| origin.as_bytes() != public_url.as_bytes())
}

/// Whether a page of another site is calling.
pub(crate) fn is_foreign(headers: &HeaderMap, public_url: &str) -> bool {
    foreign_origin(headers, public_url).is_some()
}

/// Checks that the page behind a request may call for `client`.
///
/// # Errors
/// 403 for a page of a site that is not registered.
pub(crate) fn admit(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Option<HeaderValue>, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let Some(origin) = foreign_origin(headers, &public_url) else { return Ok(None) };
    let admitted =
        client.origins.iter().any(|registered| registered.as_str().as_bytes() == origin.as_bytes());
    if admitted { Ok(Some(origin.clone())) } else { Err(NOT_ADMITTED) }
}

/// Lets an admitted page read the answer. Without credentials: it sends its `pollToken` in a header.
pub(crate) fn readable(mut response: Response, origin: Option<HeaderValue>) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    }
    response
}

/// Makes a refusal readable for a registered page, so that the page knows why, and when to try again.
pub(crate) async fn readable_refusal(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    refused: Problem,
) -> Response {
    let public_url = app.service.public_url(facts.domain()).unwrap_or_default();
    let foreign = foreign_origin(headers, &public_url);
    let origin = foreign.and_then(|origin| Origin::parse(origin.to_str().ok()?));
    let known = match &origin {
        Some(origin) => app.clients.knows_origin(origin).await.unwrap_or(false),
        None => false,
    };
    readable(refused.into_response(), foreign.filter(|_| known).cloned())
}

/// Lets every page read that the service is busy or failed, so that it waits as long as it should. Such an answer is made
/// before the service knows whose page it is, and says nothing of a session.
pub(crate) async fn busy_is_readable(request: Request, next: Next) -> Response {
    let of_a_page = ["/qr/code", "/qr/login"].contains(&request.uri().path());
    let asks = of_a_page && request.headers().contains_key(header::ORIGIN);
    let mut response = next.run(request).await;
    let is_busy =
        [StatusCode::TOO_MANY_REQUESTS, StatusCode::INTERNAL_SERVER_ERROR].contains(&response.status());
    if asks && is_busy && !response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        response = readable(response, Some(HeaderValue::from_static("*")));
    }
    response
}

/// `OPTIONS` on the two calls of a page. A preflight names no client, so any registered origin
/// passes; the call itself is then checked against its own.
pub(crate) async fn preflight(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let Some(asked) = foreign_origin(&headers, &public_url) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let origin = asked.to_str().ok().and_then(Origin::parse);
    let known = match &origin {
        Some(origin) => app.clients.knows_origin(origin).await?,
        None => false,
    };
    if !known {
        return Err(NOT_ADMITTED);
    }
    let mut response = readable(StatusCode::NO_CONTENT.into_response(), Some(asked.clone()));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "token, authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
