//! `/login/*`: hosted clients with asynchronous answers and logins without a scan (`docs/remembered.md`).
//!
//! | call | who | file |
//! |---|---|---|
//! | `POST /login/getLoginQrcodeV2` | the region's server | [`begin`] |
//! | `GET /login/results/{traceId}` | the region's server | [`results`] |
//! | `GET /login/webhook` | the region's server | [`webhook`] |
//! | `GET /login/qrcode/{traceId}` | the page that shows the QR | [`qrcode`] |
//! | `GET /login/pending`, `POST /login/answer` | the phone | [`prompts`] |
//!
//! The answers themselves leave through the `notify` function. [`told`] is the contract's shape.

mod begin;
mod prompts;
mod qrcode;
mod results;
mod told;
mod webhook;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    http::HeaderMap,
    routing::{get, post},
};
use saoma_app::Service;
use saoma_domain::{
    cases::RememberedLogins,
    client::Client,
    pairing::Trace,
    ports::Clients,
    session::{Dialect, TraceId},
};
use saoma_http::{
    Problem,
    auth::{self, Phones},
    harden::hardened,
};

/// What these endpoints need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub phones: Phones,
    pub logins: RememberedLogins,
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
        .route("/login/getLoginQrcodeV2", post(begin::begin))
        .route("/login/results/{traceId}", get(results::results))
        .route("/login/webhook", get(webhook::webhook))
        .route("/login/qrcode/{traceId}", get(qrcode::qrcode))
        .route("/login/pending", get(prompts::pending))
        .route("/login/answer", post(prompts::answer))
        .with_state(app);
    hardened(routes, &service, told::shape)
}

impl App {
    /// The region behind a server's request.
    async fn region(&self, headers: &HeaderMap) -> Result<Client, Problem> {
        let client = auth::client(&self.service, &*self.clients, headers).await?;
        let speaks = client.dialects.contains(&Dialect::Remembered);
        if speaks { Ok(client) } else { Err(auth::INVALID_CLIENT.of_client(&client.id)) }
    }

    /// A trace whose answers can still be fetched. A malformed id gets the same answer as an unknown one.
    async fn trace(&self, id: &str) -> Result<Trace, Problem> {
        let id = TraceId::parse(id).ok_or_else(Problem::not_found)?;
        let trace = self.logins.traces.trace(&id).await?;
        let now = self.service.clock.now();
        trace.filter(|trace| now < trace.expires_at).ok_or_else(Problem::not_found)
    }
}
