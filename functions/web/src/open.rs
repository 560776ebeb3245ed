//! A new QR for a PC: what the picture and the text share.

use axum::http::{HeaderMap, HeaderValue};
use saoma_domain::{
    cases::{self, Opening, StepError},
    client::Client,
    identity::ClientId,
    session::{Dialect, ScreenClaims, Session},
};
use saoma_http::{Facts, Problem, cookie::ScreenKey, query::Query};
use saoma_qr::session_text;

use crate::{App, cors, flag::Refused};

/// A QR that was just opened for a PC.
pub(crate) struct NewQr {
    pub(crate) session: Session,
    pub(crate) key: ScreenKey,
    pub(crate) text: String,
    pub(crate) cookie: HeaderValue,
    /// The registered page of another site that asked for it, if one did.
    pub(crate) origin: Option<HeaderValue>,
}

/// Opens a session for the client in the query (ours by default) and ends the one this PC showed
/// before, so that at no time two QRs of one PC are good (ADVERSARIES C6). The old cookie decides
/// nothing else: code and secret are fresh (A3, A4).
pub(crate) async fn open(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    query: &Query,
) -> Result<NewQr, Refused> {
    let service = &app.service;
    let now = service.clock.now();
    let client = client_of(app, query).await?;
    let origin = cors::admit(app, facts, headers, &client)?;
    let public_url = service.public_url(facts)?;
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = ScreenKey::from_cookie(headers, &public_url) {
        match cases::replace(&*app.sessions, &old.code, old.secret, now).await {
            Ok(_) | Err(StepError::Unknown | StepError::Refused(_)) => {}
            Err(error @ StepError::Store(_)) => return Err(error.into()),
        }
    }
    let opening = Opening {
        dialect: Dialect::Web,
        client: &client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        picture: None,
        life: service.settings.session_life,
    };
    let opened = cases::open(&*app.sessions, &*service.random, opening, now).await?;
    let key = ScreenKey { code: opened.session.code.clone(), secret: opened.secret };
    let cookie = key.set_cookie(&public_url, service.settings.session_life.as_secs())?;
    let text = session_text(&public_url, key.code.as_str()).map_err(|e| Problem::internal(e.to_string()))?;
    Ok(NewQr { session: opened.session, key, text, cookie, origin })
}

async fn client_of(app: &App, query: &Query) -> Result<Client, Refused> {
    const UNKNOWN: Problem =
        Problem::bad_request("unknown_client", "The client parameter names no registered client.");
    let id = ClientId::parse(query.get("client").unwrap_or(Client::DEFAULT_WEB)).ok_or(UNKNOWN)?;
    Ok(app.service.client_of(&*app.clients, &id, Dialect::Web).await?.ok_or(UNKNOWN)?)
}
