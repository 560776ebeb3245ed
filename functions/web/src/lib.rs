//! `/qr/*`: a PC page signs in by an app (`docs/web.md`).
//!
//! | call | who | file |
//! |---|---|---|
//! | `GET /qr/loginpic` | PC | [`login_pic`] |
//! | `GET /qr/code` | PC | [`code`] |
//! | `GET /qr/login` | PC | [`login`] |
//! | `POST /qr/lock` | app | [`lock`] |
//! | `POST /qr/activate` | app | [`activate`] |
//! | `POST /qr/cancel` | app | [`cancel`] |
//! | `POST /qr/ticket` | the site's server | [`ticket`] |
//!
//! [`open`] is the common part of both calls for a QR, [`flag`] the contract's shape of answers and refusals, and
//! [`cors`] decides which pages of other sites may call.

mod activate;
mod cancel;
mod code;
mod cors;
mod flag;
mod lock;
mod login;
mod login_pic;
mod open;
mod ticket;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    middleware::from_fn,
    routing::{get, options, post},
};
use saoma_app::Service;
use saoma_domain::{cases::Logins, ports::Clients};
use saoma_http::{
    auth::Phones,
    harden::{hardened, keep_own_shape},
};

/// What the web endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub logins: Logins,
    pub clients: Arc<dyn Clients>,
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
        .route("/qr/loginpic", get(login_pic::login_pic))
        .route("/qr/loginpic/", get(login_pic::login_pic))
        .route("/qr/code", get(code::code).merge(options(cors::preflight)))
        .route("/qr/login", get(login::login).merge(options(cors::preflight)))
        .route("/qr/lock", post(lock::lock))
        .route("/qr/activate", post(activate::activate))
        .route("/qr/cancel", post(cancel::cancel))
        .route("/qr/ticket", post(ticket::ticket).layer(from_fn(keep_own_shape)))
        .with_state(app);
    hardened(routes, &service, flag::shape).layer(from_fn(cors::busy_is_readable))
}
