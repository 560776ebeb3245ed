//! `/api/qrCode/*`: an all-in-one machine signs in by a mini-program (CONTRACTS section 1).
//!
//! | call | who | file |
//! |---|---|---|
//! | `createLoginQrCode` | machine | [`create`] |
//! | `image/{file}` | anybody with the address | [`image`] |
//! | `getLoginQrCode/{id}` | machine | [`status`] |
//! | `scanLoginQrCode/{id}` | mini-program | [`scan`] |
//! | `bindLoginQrCode/{id}` | mini-program | [`bind`] |
//! | `cancelLoginQrCode/{id}` | mini-program | [`cancel`] |
//!
//! All but the picture give the same [`answer`].

mod answer;
mod bind;
mod cancel;
mod create;
mod image;
mod scan;
mod status;

use std::sync::Arc;

use axum::{
    Router,
    response::IntoResponse,
    routing::{get, post},
};
use jiff::tz::TimeZone;
use saoma_domain::{
    ports::{Accounts, Clients, Devices, Pictures, Sessions},
    secrets::SessionCode,
};
use saoma_http::{Problem, Service, auth::Phones, harden::hardened};

/// What the kiosk's endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the zone of the answers' times")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub sessions: Arc<dyn Sessions>,
    pub clients: Arc<dyn Clients>,
    pub accounts: Arc<dyn Accounts>,
    pub devices: Arc<dyn Devices>,
    pub pictures: Arc<dyn Pictures>,
    pub time_zone: TimeZone,
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
    hardened(routes, &service, Problem::into_response)
}

/// The code in a path; what is no code is as unknown as any other.
fn code_of(id: &str) -> Result<SessionCode, Problem> {
    SessionCode::parse(id).ok_or_else(Problem::not_found)
}
