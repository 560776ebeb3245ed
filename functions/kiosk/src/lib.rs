//! `/api/qrCode/*`: an all-in-one machine signs in by a mini-program (`docs/kiosk.md`).
//!
//! | call | who | file |
//! |---|---|---|
//! | `createLoginQrCode` | machine | [`create`] |
//! | `image/{file}` | every caller with the address | [`image`] |
//! | `getLoginQrCode/{id}` | machine | [`status`] |
//! | `scanLoginQrCode/{id}` | mini-program | [`scan`] |
//! | `bindLoginQrCode/{id}` | mini-program | [`bind`] |
//! | `cancelLoginQrCode/{id}` | mini-program | [`cancel`] |
//!
//! All calls but the picture give the same [`answer`].

mod answer;
mod bind;
mod cancel;
mod create;
mod image;
mod scan;
mod status;
pub mod time_zone;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use jiff::tz::TimeZone;
use saoma_app::Service;
use saoma_domain::{
    cases::{Logins, Target},
    ports::{Clients, Pictures},
    secrets::SessionCode,
    session::Dialect,
};
use saoma_http::{
    Problem,
    auth::Phones,
    harden::{as_problem, hardened},
};

/// What the kiosk's endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the zone of the answers' times")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub logins: Logins,
    pub clients: Arc<dyn Clients>,
    pub pictures: Arc<dyn Pictures>,
    pub time_zone: TimeZone,
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
        .route("/api/qrCode/createLoginQrCode", post(create::create))
        .route("/api/qrCode/image/{file}", get(image::image))
        .route("/api/qrCode/getLoginQrCode/{id}", post(status::status))
        .route("/api/qrCode/scanLoginQrCode/{id}", post(scan::scan))
        .route("/api/qrCode/bindLoginQrCode/{id}", post(bind::bind))
        .route("/api/qrCode/cancelLoginQrCode/{id}", post(cancel::cancel))
        .with_state(app);
    hardened(routes, &service, as_problem)
}

/// The session that the id in a path names. A malformed id gets the same answer as an unknown one.
fn target(id: &str) -> Result<Target, Problem> {
    let code = SessionCode::parse(id).ok_or_else(Problem::not_found)?;
    Ok(Target::of(code, Dialect::Kiosk))
}
