//! The keys that verify every token.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use saoma_app::Service;
use saoma_http::body::Json;

/// `GET /.well-known/jwks.json` (RFC 7517 section 5). The keys change only when the secret is rotated, and the previous
/// key stays published, so caching them for five minutes is safe. They are public, so any page may read them.
pub(crate) async fn jwks(State(service): State<Service>) -> Response {
    let mut response = Json(service.keys.jwks()).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}
