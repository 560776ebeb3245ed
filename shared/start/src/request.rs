//! An event of API Gateway (HTTP API, payload format 2.0) as a request.
//!
//! `lambda_http` reads well-formed events, and panics on some others: a quote in the query, an odd `host` or
//! `x-forwarded-proto`, a body that is not Base64. This module cleans a field that has one clear meaning, and refuses
//! the event otherwise.

use std::collections::HashMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header::COOKIE},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use saoma_http::{Problem, body::whole_characters, harden::add_headers};
use serde::Deserialize;
use thiserror::Error;

/// The characters that a query must hold escaped. API Gateway passes a query on as the caller wrote it.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// The characters that a path must hold escaped. An HTTP API passes a path on decoded.
const NOT_IN_A_PATH: &AsciiSet = &NOT_IN_A_QUERY.add(b'?').add(b'`').add(b'{').add(b'}');

/// The part of an event that cannot be read. Its content comes from the caller, so it is not logged.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The event is not one of an HTTP API: a field is missing, comes twice or has another type.
    #[error("fields")]
    Fields,
    /// The path or the query.
    #[error("address")]
    Address,
    /// A header, or the cookies.
    #[error("headers")]
    Headers,
    /// The body.
    #[error("body")]
    Body,
}

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        tracing::warn!(code = "malformed_event", field = %self, "request refused");
        let detail = "The request cannot be read: check its address, headers and body.";
        let mut response = Problem::bad_request("malformed_event", detail).into_response();
        add_headers(response.headers_mut());
        response
    }
}

/// The fields that make a request. The rest of an event repeats them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    headers: Option<HashMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    request_context: ApiGatewayV2httpRequestContext,
}

/// The request that an event describes. What API Gateway says of it is among the extensions.
///
/// # Errors
/// [`Malformed`]: the part that cannot be read.
pub(crate) fn request(json: &str) -> Result<Request<Body>, Malformed> {
    let event: Event = serde_json::from_str(&whole_characters(json)).map_err(|_| Malformed::Fields)?;
    let mut request = Request::new(body(event.body, event.is_base64_encoded)?);
    *request.method_mut() = event.request_context.http.method.clone();
    *request.uri_mut() = uri(&event.raw_path, event.raw_query_string.as_deref())?;
    *request.headers_mut() = headers(event.headers, event.cookies).ok_or(Malformed::Headers)?;
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(event.request_context));
    Ok(request)
}

/// The address, without a host, because no code trusts `Host`.
fn uri(path: &str, query: Option<&str>) -> Result<Uri, Malformed> {
    if !path.starts_with('/') {
        return Err(Malformed::Address);
    }
    let mut uri: String = utf8_percent_encode(path, NOT_IN_A_PATH).collect();
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        uri.push('?');
        uri.extend(utf8_percent_encode(query, NOT_IN_A_QUERY));
    }
    uri.try_into().map_err(|_| Malformed::Address)
}

/// The headers, with the cookies that API Gateway took out of them. `None` when HTTP does not allow one of them, or
/// when a header comes under two spellings of its name.
fn headers(named: Option<HashMap<String, String>>, cookies: Option<Vec<String>>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in named.unwrap_or_default() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let twice = headers.try_insert(name, value.try_into().ok()?).ok()?;
        if twice.is_some() {
            return None;
        }
    }
    if let Some(cookies) = cookies.filter(|cookies| !cookies.is_empty()) {
        headers.try_insert(COOKIE, HeaderValue::try_from(cookies.join("; ")).ok()?).ok()?;
    }
    Some(headers)
}

fn body(text: Option<String>, is_base64: Option<bool>) -> Result<Body, Malformed> {
    let Some(text) = text else { return Ok(Body::empty()) };
    if is_base64 == Some(true) {
        return STANDARD.decode(text).map(Body::from).map_err(|_| Malformed::Body);
    }
    Ok(Body::from(text))
}

#[cfg(test)]
mod tests;
