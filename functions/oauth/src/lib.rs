//! OAuth 2.0 and OpenID Connect over the session core (`docs/oauth.md`).
//!
//! | call | who | file |
//! |---|---|---|
//! | `GET`, `POST /oauth/authorize` | a browser that a client sends | [`authorize`] |
//! | `POST /oauth/authorize/begin`, `cancel`, `GET …/status` | the page that shows its QR | [`page`] |
//! | `POST /oauth/authorize/continue` | the same page, in a browser that is signed in | [`continued`] |
//! | `POST /oauth/authorize/here` | our page for the people of a strict client, who sign in in the browser itself | [`here`] |
//! | `POST /oauth/par` | a client, before it sends a browser | [`par`] |
//! | `POST /oauth/device_authorization` | a device | [`device_authorization`] |
//! | `POST /oauth/bc-authorize` | a client's server that has a person asked | [`bc_authorize`] |
//! | `POST /oauth/user_code` | a signed-in person's phone | [`user_code`] |
//! | `POST /oauth/token` | a device, a client's server or app | [`token`], and a file for each grant |
//! | `GET`, `POST /oauth/logout` | a browser that a client sends | [`logout`] |
//! | `GET`, `POST /oauth/userinfo` | who holds an access token | [`userinfo`] |
//! | `POST /oauth/revoke` | who holds a token | [`revoke`] |
//! | `POST /oauth/introspect` | a client's server | [`introspect`] |
//! | `GET /.well-known/openid-configuration`, `oauth-authorization-server` | anybody | [`metadata`] |
//! | `GET /.well-known/jwks.json` | anybody | [`jwks`] |
//!
//! [`client`] finds out which client calls, [`browser`] which browser is signed in, and [`behind`] what stands behind a
//! token that a caller brings. [`qr`] makes the symbol of a device's session, [`issue`] the tokens that every grant ends in.
//! [`refused`] words refusals as RFC 6749 section 5.2 does.

mod answer;
mod auth_req_id;
mod authorization_code;
mod authorize;
mod bc_authorize;
mod behind;
mod browser;
mod client;
mod continued;
mod cors;
mod device_authorization;
mod device_code;
mod dpop;
mod here;
mod hint;
mod introspect;
mod issue;
mod jwks;
mod logout;
mod metadata;
mod page;
mod par;
mod polled;
mod qr;
mod refresh;
mod refused;
mod revoke;
mod spend;
mod token;
mod user_code;
mod userinfo;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    middleware::from_fn,
    routing::{get, post},
};
use saoma_app::Service;
use saoma_domain::{
    cases::{AskedLogins, Browsers, Logins, Screens, TypedCodes},
    ports::{Accounts, Checks, Clients, OnceOnly},
};
use saoma_http::{
    auth::Phones,
    harden::{hardened_with_files, keep_own_shape},
};
use saoma_tokens::KeySetCache;

/// What the endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub logins: Logins,
    pub screens: Screens,
    pub browsers: Browsers,
    pub checks: Arc<dyn Checks>,
    pub accounts: Arc<dyn Accounts>,
    pub clients: Arc<dyn Clients>,
    pub once: Arc<dyn OnceOnly>,
    pub key_sets: Arc<KeySetCache>,
    pub phones: Phones,
    pub typed: TypedCodes,
    pub asked: AskedLogins,
}

impl FromRef<App> for Phones {
    fn from_ref(app: &App) -> Self {
        app.phones.clone()
    }
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let service = app.service.clone();
    let routes = Router::new()
        .route("/oauth/authorize", get(authorize::by_query).post(authorize::by_form))
        .route("/oauth/authorize/begin", post(page::begin).layer(from_fn(keep_own_shape)))
        .route("/oauth/authorize/status", get(page::status).layer(from_fn(keep_own_shape)))
        .route("/oauth/authorize/continue", post(continued::continued).layer(from_fn(keep_own_shape)))
        .route("/oauth/authorize/here", post(here::begin).layer(from_fn(keep_own_shape)))
        .route("/oauth/authorize/cancel", post(page::cancel).layer(from_fn(keep_own_shape)))
        .route("/oauth/par", post(par::push).options(cors::preflight))
        .route("/oauth/device_authorization", post(device_authorization::begin).options(cors::preflight))
        .route("/oauth/bc-authorize", post(bc_authorize::begin))
        .route("/oauth/user_code", post(user_code::find).layer(from_fn(keep_own_shape)))
        .route("/oauth/token", post(token::token).options(cors::preflight))
        .route("/oauth/userinfo", get(userinfo::userinfo).post(userinfo::userinfo).options(cors::preflight))
        .route("/oauth/logout", get(logout::by_query).post(logout::by_form))
        .route("/oauth/revoke", post(revoke::revoke).options(cors::preflight))
        .route("/oauth/introspect", post(introspect::introspect))
        .with_state(app.clone());
    let documents = Router::new()
        .route("/.well-known/openid-configuration", get(metadata::openid))
        .route("/.well-known/oauth-authorization-server", get(metadata::oauth))
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .with_state(app);
    hardened_with_files(routes, documents, &service, refused::shape)
        .layer(from_fn(cors::refusals_are_readable))
}
