//! The keys that verify every token.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use saoma_http::body::Json;
use saoma_tokens::keyring::JWKS_MAX_AGE;

use crate::{App, cors};

/// `GET /.well-known/jwks.json` (RFC 7517 section 5): every key that signs, that still verifies, or that is about to
/// sign. A key is published for longer than this answer may be kept before it signs, so no cache is too old. The keys
/// are public, so any page may read them.
pub(crate) async fn jwks(State(app): State<App>) -> Response {
    // A relying party may keep the set for hours, so the first RSA key is in it from the moment that it exists.
    app.service.keys.learn_rsa().await;
    let kept = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    let headers =
        [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, kept.as_str())];
    cors::readable((headers, Json(app.service.keys.jwks())).into_response())
}
