//! `/.well-known/*`: the keys with which others verify our tokens.
//!
//! The device grant (RFC 8628) and discovery will be added beside [`jwks`].

mod jwks;

use axum::{Router, routing::get};
use saoma_app::Service;
use saoma_http::harden::{as_problem, hardened};

/// The function's routes.
#[expect(clippy::needless_pass_by_value, reason = "as every function's router")]
pub fn router(service: Service) -> Router {
    let routes = Router::new().route("/.well-known/jwks.json", get(jwks::jwks)).with_state(service.clone());
    hardened(routes, &service, as_problem)
}
