//! A new QR for a PC that its cookie identifies. The web and the shop contract share this.

use axum::http::HeaderValue;
use saoma_app::Service;
use saoma_domain::{
    cases::{Logins, Opening},
    client::Client,
    identity::ClientId,
    opener::Opener,
    ports::Clients,
    session::{Dialect, Flow, ScreenClaims, Session},
    time::Timestamp,
};

use crate::{Facts, Problem, cookie::ScreenKey, query::Query};

/// What the PC will show.
pub struct Wanted<'a> {
    /// The contract it speaks, with the data that this contract needs.
    pub flow: Flow,
    /// The client that signs people in there.
    pub client: &'a Client,
    /// What the screen proved.
    pub opener: Option<Opener>,
    /// The QR that the screen showed before.
    pub replaces: Option<ScreenKey>,
}

/// A QR that was just opened for a PC.
pub struct Opened {
    /// The session behind it.
    pub session: Session,
    /// The key that only this PC holds.
    pub key: ScreenKey,
    /// The same, as the `Set-Cookie` of the answer.
    pub cookie: HeaderValue,
    /// The address the QR leads to.
    pub public_url: String,
}

/// The client in the query's `client`, or the contract's `default`.
///
/// # Errors
/// 400 when the client is not registered for this contract.
pub async fn client_in(
    query: &Query,
    service: &Service,
    clients: &dyn Clients,
    dialect: Dialect,
    default: &str,
) -> Result<Client, Problem> {
    const UNKNOWN: Problem =
        Problem::bad_request("unknown_client", "The client parameter names no registered client.");
    let id = ClientId::parse(query.get("client").unwrap_or(default)).ok_or(UNKNOWN)?;
    let client = service.client_of(clients, &id, dialect).await?;
    client.ok_or_else(|| UNKNOWN.of_client(&id))
}

/// Ends the QR that a screen showed before (`docs/security.md` B7, C6). A QR that is over already, or that never
/// belonged to this screen, stays as it is.
///
/// # Errors
/// The store's failure.
pub async fn replace(logins: &Logins, old: ScreenKey, now: Timestamp) -> Result<(), Problem> {
    match logins.replace(&old.code, old.secret, now).await {
        Err(error) if !error.is_final() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Opens a session and ends the one that this PC showed before, so one PC never has two good QRs
/// (`docs/security.md` C6). The old cookie has no other effect: code and secret are fresh (A3, A4).
///
/// # Errors
/// 429 for a network that opens too many (D10), or the store's failure.
pub async fn open(
    service: &Service,
    logins: &Logins,
    facts: &Facts,
    wanted: Wanted<'_>,
) -> Result<Opened, Problem> {
    let (now, life) = (service.clock.now(), service.settings.session_life);
    let public_url = service.public_url(facts.domain())?;
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = wanted.replaces {
        replace(logins, old, now).await?;
    }
    let opening = Opening {
        flow: wanted.flow,
        client: wanted.client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        opener: wanted.opener,
        life,
    };
    let opened = logins.open(opening, now).await?;
    let key = ScreenKey { code: opened.session.code.clone(), secret: opened.secret };
    let cookie = key.set_cookie(&public_url, life.as_secs())?;
    Ok(Opened { session: opened.session, key, cookie, public_url })
}
