//! The pages that people see, and their calls.
//!
//! | address | who | file |
//! |---|---|---|
//! | `/` | the screen: a sign-in page as a site would use it | [`page`] |
//! | `/authorize` | the screen of a site that asks by OAuth, whose request stands behind the `#` | [`page`] |
//! | `/authorize/here` | a person whom a strict client sent signs in in the browser itself | [`page`] |
//! | `/q/{code}`, `/Q/{CODE}` | the phone: what any camera opens | [`page`] |
//! | `/phone` | the same page without a code: the prompts that wait for this person | [`page`] |
//! | `/phone?client=` | a person whom a site sent signs in on this very device | [`page`] |
//! | `/device` | the phone: a person types the code that a device shows (RFC 8628) | [`page`] |
//! | `/account` | a person's own page: what is signed in, and how to end it | [`page`] |
//! | `/downloads.html?code=` | the address in the shop contract's QR: leads on to `/q/{code}` | [`page`] |
//! | `/q/{code}/receipt`, `scan`, `confirm`, `cancel` | the phone page's calls, for sessions of every dialect | [`phone`] |
//! | `/welcome` | the screen, signed in: exchanges its ticket | [`welcome`] |
//! | `/openapi.json` | the description of the API, from `openapi/` | [`page`] |
//! | `/widget.js`, `/widget/{version}/widget.js`, `/widget.d.ts` | the widget, for pages of every site | [`widget`] |
//! | `/assets/{file}` | style, scripts, icon, from `assets/` | [`page`] |

mod file;
mod page;
mod phone;
mod welcome;
mod widget;

pub use page::description;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use saoma_app::Service;
use saoma_domain::{cases::Logins, ports::Clients};
use saoma_http::{
    auth::Phones,
    harden::{as_problem, hardened_with_files},
};

/// What the pages need.
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
    hardened_with_files(calls(app.clone()), files(app), &service, as_problem)
}

/// The pages, and the files that they load: the same for every caller.
fn files(app: App) -> Router {
    Router::new()
        .route("/", get(page::screen))
        .route("/authorize", get(page::authorize))
        .route("/authorize/here", get(page::sign_in_here))
        .route("/q/{code}", get(page::phone))
        .route("/Q/{code}", get(page::phone))
        .route("/phone", get(page::without_a_code))
        .route("/device", get(page::device))
        .route("/account", get(page::account))
        .route("/downloads.html", get(page::downloads))
        .route("/assets/{file}", get(page::asset))
        .route("/favicon.ico", get(page::icon))
        .route("/openapi.json", get(page::openapi))
        .route("/widget.js", get(widget::newest))
        .route("/widget/{version}/widget.js", get(widget::of_version))
        .route("/widget.d.ts", get(widget::types))
        .with_state(app)
}

/// The calls of the pages, and the page whose address holds a ticket.
fn calls(app: App) -> Router {
    Router::new()
        .route("/q/{code}/receipt", post(phone::receipt))
        .route("/q/{code}/scan", post(phone::scan))
        .route("/q/{code}/confirm", post(phone::confirm))
        .route("/q/{code}/cancel", post(phone::cancel))
        .route("/welcome", get(page::welcome).post(welcome::exchange))
        .with_state(app)
}
