//! Our own page, signed in, exchanges its ticket for a token.

use axum::{extract::State, http::HeaderMap};
use saoma_app::Service;
use saoma_domain::{client::Client, identity::ClientId, ports::Freshness};
use saoma_http::{
    Facts, Problem,
    body::Json,
    cookie::ScreenKey,
    exchange::{self, Exchanged, INVALID_TICKET},
};
use saoma_tokens::TicketClaims;
use serde::Deserialize;

use crate::App;

/// The ticket from the page's address.
#[derive(Deserialize)]
pub(crate) struct Presented {
    ticket: String,
}

/// `POST /welcome`. Our page has no server of its own that could authenticate, so the page's `pollToken` or its cookie
/// must match the ticket's session. A ticket works only in the browser that showed its QR, and a link with a ticket
/// signs no other person in.
pub(crate) async fn exchange(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(presented): Json<Presented>,
) -> Result<Json<Exchanged>, Problem> {
    let service = &app.service;
    let issuer = service.public_url(facts.domain())?;
    let ticket = good_ticket(service, &issuer, &presented.ticket).await.ok_or(INVALID_TICKET)?;
    let key = ScreenKey::from_header(&headers).or_else(|| ScreenKey::from_cookie(&headers, &issuer));
    let key = key.filter(|key| key.code == ticket.code);
    let key = key.ok_or(INVALID_TICKET)?;
    let session = app.logins.sessions.find(&ticket.code, Freshness::Strong).await?;
    if !session.is_some_and(|session| session.is_screen(&key.secret)) {
        return Err(INVALID_TICKET);
    }
    exchange::exchange(service, &app.logins, &issuer, &ticket, facts.ip).await.map(Json)
}

/// The ticket, if it was made for one of our own pages.
async fn good_ticket(service: &Service, issuer: &str, ticket: &str) -> Option<TicketClaims> {
    let now = service.clock.now();
    for us in Client::WELCOMED {
        let us = ClientId::parse(us)?;
        if let Ok(ticket) = service.keys.verify_ticket(issuer, &us, ticket, now).await {
            return Some(ticket);
        }
    }
    None
}
