//! `/qrlogin/*`: the three-call login (`docs/shop.md`).
//!
//! | call | who | file |
//! |---|---|---|
//! | `GET /qrlogin/createcode` | PC | [`create_code`] |
//! | `GET /qrcode/{file}` | PC | [`picture`] |
//! | `GET /qrlogin/verifycode/{code}` | app, or any caller | [`verify_code`] |
//! | `GET`, `POST /qrlogin/qrcodelogin/{code}` | app | [`sign_in`] |
//! | the same with the cookie | PC | [`poll`] |
//!
//! [`member`] is the object that app and PC get at the end.

mod create_code;
mod member;
mod picture;
mod poll;
mod sign_in;
mod verify_code;

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::get};
use saoma_app::Service;
use saoma_domain::{
    cases::Logins,
    ports::{Clients, Pictures, Visits},
    secrets::{DOWNLOAD_PAGE, SessionCode},
};
use saoma_http::{
    auth::Phones,
    harden::{as_problem, hardened},
};

/// What the shop's endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub logins: Logins,
    pub clients: Arc<dyn Clients>,
    pub visits: Arc<dyn Visits>,
    pub pictures: Arc<dyn Pictures>,
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
        .route("/qrlogin/createcode", get(create_code::create_code))
        .route("/qrlogin/verifycode/{code}", get(verify_code::verify_code))
        .route("/qrlogin/qrcodelogin/{code}", get(sign_in::sign_in_by_get).post(sign_in::sign_in))
        .route("/qrcode/{file}", get(picture::picture))
        .with_state(app);
    hardened(routes, &service, as_problem)
}

/// The text of the contract's QR: the address of a page for people without the app.
fn qr_text(public_url: &str, code: &SessionCode) -> String {
    format!("{public_url}/{DOWNLOAD_PAGE}?source=pclogin&code={code}")
}
