//! The PC asks for its QR.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    client::Client,
    session::{Dialect, Flow},
};
use saoma_http::{
    Facts, Problem, auth,
    body::Json,
    cookie::ScreenKey,
    query::Query,
    screen::{self, Wanted},
};
use saoma_qr::{Picture, PictureSize, QrError, Symbol, jpeg};
use serde::Serialize;

use crate::{App, picture::file_name, qr_text};

/// The picture's side in pixels. It gives each module of this contract's address at least four pixels.
const PICTURE_PIXELS: u32 = 300;

/// The contract's answer, for programs that ask for JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    /// The picture.
    url: String,
    /// The session.
    code: String,
    /// Ours: the number to show beside the QR; missing under the policy `off`.
    match_number: Option<String>,
    /// Ours: how many seconds the QR lives.
    expires_in: u64,
    /// Ours: after how many seconds to ask how it stands.
    poll_after: u64,
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
    let client =
        screen::client_in(&query?, service, &*app.clients, Dialect::Shop, Client::DEFAULT_SHOP).await?;
    let public_url = service.public_url(facts.domain())?;
    let replaces = ScreenKey::from_cookie(&headers, &public_url);
    let proved = auth::opener(service, &*app.clients, &headers, &client).await?;
    let wanted = Wanted { flow: Flow::shop(&*service.random), client: &client, opener: proved, replaces };
    let opened = screen::open(service, &app.logins, &facts, wanted).await?;
    let session = opened.session;
    let text = qr_text(&opened.public_url, &session.code);
    if let Some(name) = session.flow.picture() {
        app.pictures.put(name, draw(&text).map_err(|error| Problem::internal(error.to_string()))?).await?;
    }
    let url = format!("{}/qrcode/{}", opened.public_url, file_name(&text));
    let now = service.clock.now();
    let mut response = if asks_for_json(&headers) {
        Json(Created {
            url,
            code: session.code.to_string(),
            match_number: session.shown_number(),
            expires_in: session.expires_at.since(now).as_secs(),
            poll_after: session.poll_after(now).as_secs(),
        })
        .into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], url).into_response()
    };
    response.headers_mut().insert(header::SET_COOKIE, opened.cookie);
    Ok(response)
}

fn draw(text: &str) -> Result<Vec<u8>, QrError> {
    let picture = Picture::plain(PictureSize::new(PICTURE_PIXELS)?);
    jpeg(&Symbol::fit(text, picture)?, picture)
}

fn asks_for_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = accepts.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case("application/json"))
}
