//! `/api/user/*`: what a person sees and ends of what is theirs (`docs/people.md`).
//!
//! | call | file |
//! |---|---|
//! | `GET /api/user/me` | [`me`] |
//! | `GET` of `sign-ins`, `logins`, `machines`, `pairs`, `history` | [`lists`] |
//! | `DELETE` of one or all of `sign-ins`, `logins`, `machines`, `pairs` | [`ending`] |
//! | `GET /api/user/export` | [`export`] |
//! | `DELETE /api/user` | [`leave`] |
//!
//! `saoma_app::shown` has the shapes of the answers, and `saoma_app::row_ids` the ids in paths. All of it needs the token of a phone that is
//! signed in. A token that a screen got by scanning is refused, so a stolen screen ends nothing.

mod ending;
mod export;
mod ids;
mod leave;
mod lists;
mod me;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    routing::{delete, get},
};
use saoma_app::Service;
use saoma_domain::{
    cases::{Mine, People},
    ports::{Checks, Clients},
};
use saoma_http::{
    auth::Phones,
    harden::{as_problem, hardened},
};

/// What these endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub clients: Arc<dyn Clients>,
    pub checks: Arc<dyn Checks>,
    pub people: People,
    pub mine: Mine,
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
        .route("/api/user", delete(leave::leave))
        .route("/api/user/me", get(me::me))
        .route("/api/user/sign-ins", get(lists::sign_ins).delete(ending::other_sign_ins))
        .route("/api/user/sign-ins/{id}", delete(ending::sign_in))
        .route("/api/user/logins", get(lists::logins).delete(ending::logins))
        .route("/api/user/logins/{id}", delete(ending::login))
        .route("/api/user/machines", get(lists::machines).delete(ending::machines))
        .route("/api/user/machines/{id}", delete(ending::machine))
        .route("/api/user/pairs", get(lists::pairs).delete(ending::pairs))
        .route("/api/user/pairs/{id}", delete(ending::pair))
        .route("/api/user/history", get(lists::history))
        .route("/api/user/export", get(export::export))
        .with_state(app);
    hardened(routes, &service, as_problem)
}
