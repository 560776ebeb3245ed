//! `/api/user/*`: the phone's own sign-in (CONTRACTS section 5).
//!
//! | call | file |
//! |---|---|
//! | `sendCode` | [`send_code`] |
//! | `login/code` | [`login_code`] |
//! | `refresh` | [`refresh`] |
//! | `logout` | [`logout`] |
//!
//! [`number`] reads the telephone numbers in their bodies.
//!
//! Passwords, passkeys and the account's own pages will join them here.

mod login_code;
mod logout;
mod number;
mod refresh;
mod send_code;
mod signed_in;

use std::sync::Arc;

use axum::{Router, response::IntoResponse, routing::post};
use saoma_domain::ports::{Accounts, Clients, SignIns, Sms, SmsChallenges};
use saoma_http::{Problem, Service, auth::Phones, harden::hardened};

/// What the account endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub clients: Arc<dyn Clients>,
    pub accounts: Arc<dyn Accounts>,
    pub sign_ins: Arc<dyn SignIns>,
    pub challenges: Arc<dyn SmsChallenges>,
    pub sms: Arc<dyn Sms>,
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let service = app.service.clone();
    let routes = Router::new()
        .route("/api/user/sendCode", post(send_code::send_code))
        .route("/api/user/login/code", post(login_code::login_code))
        .route("/api/user/refresh", post(refresh::refresh))
        .route("/api/user/logout", post(logout::logout))
        .with_state(app);
    hardened(routes, &service, Problem::into_response)
}
