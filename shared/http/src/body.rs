//! Bodies: at most 16 KB, of the type they say they are.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Problem, query};

/// The most bytes a body may have (CONTRACTS, common rules).
pub const LARGEST_BODY: usize = 16 * 1024;

/// A JSON body, or JSON to answer with. As a body, none at all reads as `{}`; unknown fields are
/// ignored.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A body that is JSON or a form, as the web contract allows.
#[derive(Clone, Debug)]
pub struct JsonOrForm<T>(pub T);

const MALFORMED: Problem =
    Problem::bad_request("malformed_body", "The body is not what the contract says: check fields and types.");

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (kind, bytes) = read(request).await?;
        match kind {
            Kind::None | Kind::Json => parse_json(&bytes).map(Self),
            Kind::Form | Kind::Other => Err(unsupported()),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonOrForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (kind, bytes) = read(request).await?;
        match kind {
            Kind::None | Kind::Json => parse_json(&bytes).map(Self),
            Kind::Form => query::parse_pairs(&bytes)
                .and_then(|pairs| serde_json::from_value(pairs.into()).ok())
                .map(Self)
                .ok_or(MALFORMED),
            Kind::Other => Err(unsupported()),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
            Err(error) => Problem::internal(format!("an answer did not serialize: {error}")).into_response(),
        }
    }
}

enum Kind {
    None,
    Json,
    Form,
    Other,
}

async fn read(request: Request<Body>) -> Result<(Kind, Bytes), Problem> {
    let kind = content_type(request.headers());
    let bytes = to_bytes(request.into_body(), LARGEST_BODY)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "A body has at most 16 KB."))?;
    Ok((if bytes.is_empty() { Kind::None } else { kind }, bytes))
}

fn content_type(headers: &HeaderMap) -> Kind {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else {
        Kind::Other
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // An array would do for an object, field by field; no contract says so.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    // What stands in unknown fields is ignored, but it is JSON: text in UTF-8, and not nested without
    // end (ADVERSARIES W8).
    let is_json = || serde_json::from_slice::<Value>(bytes).is_ok();
    (is_object && is_json()).then(|| serde_json::from_slice(bytes).ok()).flatten().ok_or(MALFORMED)
}

fn unsupported() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send the body as the contract says, with its Content-Type.",
    )
}
