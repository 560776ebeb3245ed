//! A new QR for a PC: what the picture and the text share.

use axum::http::{HeaderMap, HeaderValue};
use saoma_domain::{
    client::Client,
    session::{Dialect, Flow, Session},
};
use saoma_http::{
    Facts, Problem,
    cookie::ScreenKey,
    query::Query,
    screen::{self, Wanted},
};
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

/// Opens a session for the client in the query (ours by default), if the page that asks may.
pub(crate) async fn open(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    query: &Query,
) -> Result<NewQr, Refused> {
    let service = &app.service;
    let client = screen::client_in(query, service, &*app.clients, Dialect::Web, Client::DEFAULT_WEB).await?;
    let origin = cors::admit(app, facts, headers, &client)?;
    let wanted = Wanted { flow: Flow::web(), client: &client };
    let opened = screen::open(service, &*app.sessions, facts, headers, wanted).await?;
    let text = session_text(&opened.public_url, opened.key.code.as_str());
    let text = text.map_err(|error| Problem::internal(error.to_string()))?;
    Ok(NewQr { session: opened.session, key: opened.key, text, cookie: opened.cookie, origin })
}
