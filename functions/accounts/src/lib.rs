//! `/api/user/*`: the phone's own sign-in (`docs/accounts.md`).
//!
//! | call | file |
//! |---|---|
//! | `sendCode` | [`send_code`] |
//! | `login/code` | [`login_code`] |
//! | `prove` | [`prove`] |
//! | `refresh` | [`refresh`] |
//! | `logout` | [`logout`] |
//!
//! [`number`] reads the telephone numbers in their bodies.
//!
//! What a person sees and ends of what is theirs is the function `people`.

mod login_code;
mod logout;
mod number;
mod prove;
mod refresh;
mod send_code;
mod signed_in;

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::post};
use saoma_app::{Notices, Service};
use saoma_domain::{cases::People, ports::Clients, sms_challenge::ChallengeId};
use saoma_http::{
    Problem,
    auth::Phones,
    harden::{as_problem, hardened},
};

/// What the account endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub clients: Arc<dyn Clients>,
    pub people: People,
    pub notices: Notices,
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
        .route("/api/user/sendCode", post(send_code::send_code))
        .route("/api/user/login/code", post(login_code::login_code))
        .route("/api/user/prove", post(prove::prove))
        .route("/api/user/refresh", post(refresh::refresh))
        .route("/api/user/logout", post(logout::logout))
        .with_state(app);
    hardened(routes, &service, as_problem)
}

/// Reads the challenge in a body. It makes a repeated call recognisable.
fn read_challenge(raw: Option<&str>) -> Result<ChallengeId, Problem> {
    raw.and_then(ChallengeId::parse).ok_or(Problem::bad_request(
        "invalid_challenge",
        "challenge is 16 random bytes in base64url, drawn by the caller: 22 characters.",
    ))
}
