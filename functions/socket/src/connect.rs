//! A screen opens a socket to watch its session, or a phone to watch for questions to its person.

use std::net::IpAddr;

use saoma_domain::{
    identity::ClientId,
    ports::StoreError,
    watching::{ConnectionId, PHONE_WATCHES, Watcher},
};
use saoma_http::facts::network_of;

use crate::{
    App,
    answer::{Answer, Refused},
    event::Offer,
};

/// The subprotocol that our sockets speak: the server says when to poll, and the screen says nothing.
const PROTOCOL: &str = "saoma.v1";

/// Answers `$connect`. The screen offers two subprotocols: ours, and its watch token, because a browser lets a page set no
/// other header (`docs/security.md` W11).
///
/// The checks, in order: the network has not tried too many bad tokens; the offer; the token, which names one session whose
/// time is not over, or one person; the site of the page; the network's sockets. The last step is the one write. Whether the
/// session was used or cancelled is not asked: a socket that is opened after that is told nothing.
pub(crate) async fn connect(
    app: &App,
    connection: &ConnectionId,
    offer: &Offer,
    source: Option<IpAddr>,
) -> Result<Answer, Refused> {
    let (pace, now) = (&app.service.pace, app.service.clock.now());
    let network = source.map(network_of);
    pace.ask(network, None, now).map_err(|_| Refused::TOO_MANY)?;
    let token = offered_token(offer).ok_or(Refused::NO_PROTOCOL)?;
    let claims = app.service.keys.verify_watch(&app.public_url, token, now).await;
    let claims = claims.map_err(|_| {
        pace.missed(network, now);
        Refused::NO_TOKEN
    })?;
    if !admits(app, claims.client.as_ref(), offer).await? {
        return Err(Refused::FOREIGN_ORIGIN);
    }
    pace.connect(network, now).map_err(|_| Refused::TOO_MANY)?;
    let watcher = Watcher { connection: connection.clone(), since: now.whole_secs() };
    // A phone is told for PHONE_WATCHES from now on, however soon its token ends.
    let until = if claims.client.is_some() { claims.expires_at } else { now.plus(PHONE_WATCHES) };
    app.watchers.watch(&claims.watched, &watcher, until).await?;
    Ok(Answer::speaking(PROTOCOL))
}

/// The watch token: what is offered besides our subprotocol. `None` unless exactly those two are offered.
fn offered_token(offer: &Offer) -> Option<&str> {
    let [one, other] = offer.protocols.as_slice() else { return None };
    match (one.as_str(), other.as_str()) {
        (PROTOCOL, token) | (token, PROTOCOL) if token != PROTOCOL => Some(token),
        _ => None,
    }
}

/// Whether the page may watch: it is ours, or of a site that the session's client has registered. A phone's token names no
/// client, so of pages only ours may use it. A caller that names no site is no browser.
async fn admits(app: &App, client: Option<&ClientId>, offer: &Offer) -> Result<bool, StoreError> {
    let origin = match offer.origins.as_slice() {
        [] => return Ok(true),
        [origin] if *origin == app.public_url => return Ok(true),
        [origin] => origin,
        _ => return Ok(false),
    };
    let Some(client) = client else { return Ok(false) };
    let client = app.service.client(&*app.clients, client).await?;
    let registered = client.map(|client| client.origins).unwrap_or_default();
    Ok(registered.iter().any(|registered| registered.as_str() == origin))
}
