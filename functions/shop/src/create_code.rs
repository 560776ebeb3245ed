//! The PC asks for its QR.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{self, Opening, StepError},
    client::Client,
    identity::ClientId,
    session::{Dialect, PictureFormat, ScreenClaims},
};
use saoma_http::{Facts, Problem, body::Json, cookie::ScreenKey, query::Query};
use saoma_qr::{Picture, PictureSize, QrError, Symbol, jpeg};
use serde::Serialize;

use crate::{App, picture::file_name, qr_text};

/// The picture's side in pixels: four or more a module of what this contract's address needs.
const PICTURE_PIXELS: u32 = 300;

/// What the contract answers, for programs that ask for JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    /// The picture.
    url: String,
    /// The session.
    code: String,
    /// Ours: to show beside the QR; none under the policy `off`.
    match_number: Option<String>,
    /// Ours: seconds it lives.
    expires_in: u64,
}

/// `GET /qrlogin/createcode`: the picture's address, and the cookie that binds this PC to it. The QR
/// this PC showed before dies at once (C6); its cookie decides nothing else (A4).
pub(crate) async fn create_code(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let service = &app.service;
    let now = service.clock.now();
    let client = client_of(&app, &query?).await?;
    let public_url = service.public_url(&facts)?;
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = ScreenKey::from_cookie(&headers, &public_url) {
        match cases::replace(&*app.sessions, &old.code, old.secret, now).await {
            Ok(_) | Err(StepError::Unknown | StepError::Refused(_)) => {}
            Err(error @ StepError::Store(_)) => return Err(error.into()),
        }
    }
    let opening = Opening {
        dialect: Dialect::Shop,
        client: &client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        picture: Some(PictureFormat::Jpeg),
        life: service.settings.session_life,
    };
    let opened = cases::open(&*app.sessions, &*service.random, opening, now).await?;
    let session = opened.session;
    let text = qr_text(&public_url, &session.code);
    if let Some(name) = &session.picture {
        app.pictures.put(name, draw(&text).map_err(|error| Problem::internal(error.to_string()))?).await?;
    }
    let key = ScreenKey { code: session.code.clone(), secret: opened.secret };
    let cookie = key.set_cookie(&public_url, service.settings.session_life.as_secs())?;
    let url = format!("{public_url}/qrcode/{}", file_name(&text));
    let mut response = if asks_for_json(&headers) {
        Json(Created {
            url,
            code: session.code.to_string(),
            match_number: session.match_choices().map(|_| session.match_number.to_string()),
            expires_in: session.expires_at.since(now).as_secs(),
        })
        .into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], url).into_response()
    };
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn client_of(app: &App, query: &Query) -> Result<Client, Problem> {
    const UNKNOWN: Problem =
        Problem::bad_request("unknown_client", "The client parameter names no registered client.");
    let id = ClientId::parse(query.get("client").unwrap_or(Client::DEFAULT_SHOP)).ok_or(UNKNOWN)?;
    app.service.client_of(&*app.clients, &id, Dialect::Shop).await?.ok_or(UNKNOWN)
}

fn draw(text: &str) -> Result<Vec<u8>, QrError> {
    let picture = Picture::plain(PictureSize::new(PICTURE_PIXELS)?);
    jpeg(&Symbol::fit(text, picture)?, picture)
}

fn asks_for_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.split(',').any(|kind| kind.split(';').next().unwrap_or_default().trim() == "application/json")
}
