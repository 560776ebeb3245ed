//! Exchanges a verified ticket for a token, for a site's server and for our own welcome page.

use std::net::IpAddr;

use axum::http::StatusCode;
use saoma_app::Service;
use saoma_domain::{
    cases::{Logins, StepError, StepFailure, Subject},
    ports::Freshness,
    session::{RedeemKey, Refusal, State},
};
use saoma_tokens::TicketClaims;
use serde::Serialize;

use crate::Problem;

/// The one answer to every ticket that is not good. It does not give the reason.
pub const INVALID_TICKET: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "invalid_ticket", "The ticket is not valid, or was used.");

/// The token and its person.
#[derive(Serialize)]
pub struct Exchanged {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    user: User,
    /// What the page named this attempt when it opened its QR. Its server compares it with what the same browser
    /// holds (`docs/security.md` K16).
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    member_id: String,
    nick_name: String,
}

/// Redeems the session that a ticket names, and only then signs the token. The same ticket again within 30 s gives the
/// same token, because the ticket's id is the token's.
///
/// `address` is the caller's, for the record.
///
/// # Errors
/// [`INVALID_TICKET`] when the session does not allow it, or 503 when the store fails.
pub async fn exchange(
    service: &Service,
    logins: &Logins,
    issuer: &str,
    ticket: &TicketClaims,
    address: Option<IpAddr>,
) -> Result<Exchanged, Problem> {
    let found = logins.sessions.find(&ticket.code, Freshness::Strong).await?;
    let session = found.filter(|session| session.client == ticket.client);
    let about = Subject { code: ticket.code.clone(), client: None };
    let session = session.ok_or_else(|| INVALID_TICKET.about(Some(about)))?;
    let (id, now) = (ticket.id.clone(), service.clock.now());
    let took_it = matches!(&session.state, State::Redeemed { redemption, .. } if redemption.id == id);
    if now >= ticket.expires_at && !took_it {
        return Err(INVALID_TICKET.about(StepError::of(&session, Refusal::Used).about));
    }
    let redeemed =
        logins.redeem(session, RedeemKey::Ticket, id, address, now).await.map_err(|error| match error {
            StepError { why: StepFailure::Store(error), about } => Problem::from(error).about(about),
            StepError { about, .. } => INVALID_TICKET.about(about),
        })?;
    let life = service.settings.access_token_life;
    let (session, account) = (&redeemed.session, &redeemed.account);
    let minted = service.keys.mint_screen_token(
        issuer,
        session,
        account.id,
        &redeemed.redemption,
        redeemed.method,
        life,
    )?;
    Ok(Exchanged {
        access_token: minted.token,
        token_type: "Bearer",
        expires_in: minted.expires_in.as_secs(),
        user: User { member_id: account.id.to_string(), nick_name: account.nick_name() },
        state: session.flow.page_state().map(|state| state.as_str().to_owned()),
    })
}
