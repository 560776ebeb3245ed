//! The site's server exchanges the ticket for a token.

use axum::{extract::State, http::HeaderMap};
use saoma_http::{
    Facts, Problem, auth,
    body::{Json, JsonOrForm},
    exchange::{self, Exchanged},
};
use serde::Deserialize;

use crate::App;

/// The ticket that came with the page's address.
#[derive(Deserialize)]
pub(crate) struct Presented {
    ticket: String,
}

/// `POST /qr/ticket`: for one token, and only for the client the ticket was made for (`docs/security.md` A5).
pub(crate) async fn ticket(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    JsonOrForm(presented): JsonOrForm<Presented>,
) -> Result<Json<Exchanged>, Problem> {
    let client = auth::client(&app.service, &*app.clients, &headers).await?;
    let issuer = app.service.public_url(facts.domain())?;
    let now = app.service.clock.now();
    let ticket = app.service.keys.verify_ticket(&issuer, &client.id, &presented.ticket, now).await;
    let ticket = ticket.map_err(|_| exchange::INVALID_TICKET)?;
    exchange::exchange(&app.service, &app.logins, &issuer, &ticket, facts.ip).await.map(Json)
}
