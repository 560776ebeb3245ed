//! `/qrlogin/*`: the three-call login (CONTRACTS section 4).
//!
//! | call | who | file |
//! |---|---|---|
//! | `GET /qrlogin/createcode` | PC | [`create_code`] |
//! | `GET /qrcode/{file}` | PC | [`picture`] |
//! | `GET /qrlogin/verifycode/{code}` | app, anybody | [`verify_code`] |
//! | `GET`, `POST /qrlogin/qrcodelogin/{code}` | app | [`sign_in`] |
//! | the same with the cookie | PC | [`poll`] |
//!
//! [`member`] is the object both get at the end.

mod create_code;
mod member;
mod picture;
mod poll;
mod sign_in;
mod verify_code;

use std::sync::Arc;

use axum::{Router, response::IntoResponse, routing::get};
use saoma_domain::{
    ports::{Accounts, Clients, Devices, Pictures, Sessions},
    secrets::{DOWNLOAD_PAGE, SessionCode},
};
use saoma_http::{Problem, Service, auth::Phones, harden::hardened};

/// What the shop's endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub sessions: Arc<dyn Sessions>,
    pub clients: Arc<dyn Clients>,
    pub accounts: Arc<dyn Accounts>,
    pub devices: Arc<dyn Devices>,
    pub pictures: Arc<dyn Pictures>,
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let service = app.service.clone();
    let routes = Router::new()
        .route("/qrlogin/createcode", get(create_code::create_code))
        .route("/qrlogin/verifycode/{code}", get(verify_code::verify_code))
        .route("/qrlogin/qrcodelogin/{code}", get(sign_in::sign_in_by_get).post(sign_in::sign_in))
        .route("/qrcode/{file}", get(picture::picture))
        .with_state(app);
    hardened(routes, &service, Problem::into_response)
}

/// What the contract's QR says: the address of a page for whoever has no app yet.
fn qr_text(public_url: &str, code: &SessionCode) -> String {
    format!("{public_url}/{DOWNLOAD_PAGE}?source=pclogin&code={code}")
}
