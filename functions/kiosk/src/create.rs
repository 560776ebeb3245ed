//! The machine asks for its QR.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases::Opening,
    client::Client,
    identity::ClientId,
    session::{Dialect, Flow, ScreenClaims, Session},
    text::CleanText,
};
use saoma_http::{Facts, Problem, auth, body::Json, cookie::ScreenKey, screen::replace};
use saoma_qr::{Picture, PictureSize, Symbol, png, session_text};
use serde::Deserialize;

use crate::{App, answer::Answer};

/// The picture's size in pixels, which a machine's screen shows well.
const PICTURE_PIXELS: u32 = 512;

/// The body of create and status: what the machine says about itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    device_name: Option<String>,
    device_mac: Option<String>,
}

impl Device {
    /// As the session core keeps it.
    pub(crate) fn claims(&self) -> ScreenClaims {
        let clean = |raw: &Option<String>| raw.as_deref().and_then(CleanText::non_empty);
        ScreenClaims { device_name: clean(&self.device_name), device_mac: clean(&self.device_mac) }
    }
}

/// `POST /api/qrCode/createLoginQrCode`.
///
/// Refusals come before the session is stored (G9, D10), and its picture is drawn after. When the picture cannot be
/// stored, the session expires unused. A machine
/// that sends the `pollToken` of the QR that it showed before ends that one (B7). A machine of a strict client proves that
/// it is enrolled (K19).
pub(crate) async fn create(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(device): Json<Device>,
) -> Result<Json<Answer>, Problem> {
    let now = app.service.clock.now();
    let client = channel(&app, &headers).await?;
    let proved = auth::opener(&app.service, &*app.clients, &headers, &client).await?;
    let public_url = app.service.public_url(facts.domain())?;
    app.service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = ScreenKey::from_header(&headers) {
        replace(&app.logins, old, now).await?;
    }
    let opening = Opening {
        flow: Flow::kiosk(&*app.service.random),
        client: &client,
        claims: device.claims(),
        seen: facts.seen(),
        opener: proved,
        life: app.service.settings.session_life,
    };
    let opened = app.logins.open(opening, now).await?;
    if let Some(name) = opened.session.flow.picture() {
        app.pictures.put(name, draw(&public_url, &opened.session)?).await?;
    }
    let key = ScreenKey { code: opened.session.code.clone(), secret: opened.secret };
    Ok(Json(Answer {
        poll_token: Some(key.reveal()),
        match_number: opened.session.shown_number(),
        socket: app.service.socket(&public_url, &opened.session),
        ..Answer::of(&app, &facts, &opened.session)?
    }))
}

/// The client that the `channel` header names.
async fn channel(app: &App, headers: &HeaderMap) -> Result<Client, Problem> {
    const UNKNOWN: Problem =
        Problem::bad_request("unknown_channel", "The channel header names no registered client.");
    let named = headers.get("channel").map(|value| value.to_str().map_err(|_| UNKNOWN)).transpose()?;
    let id = named.filter(|name| !name.is_empty()).unwrap_or(Client::DEFAULT_KIOSK);
    let id = ClientId::parse(id).ok_or(UNKNOWN)?;
    let client = app.service.client_of(&*app.clients, &id, Dialect::Kiosk).await?;
    client.ok_or_else(|| UNKNOWN.of_client(&id))
}

fn draw(public_url: &str, session: &Session) -> Result<Vec<u8>, Problem> {
    let drawn = || {
        let picture = Picture::plain(PictureSize::new(PICTURE_PIXELS)?);
        let text = session_text(public_url, session.code.as_str())?;
        png(&Symbol::fit(&text, picture)?, picture)
    };
    drawn().map_err(|error: saoma_qr::QrError| Problem::internal(error.to_string()))
}
