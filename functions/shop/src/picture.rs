//! The QR's picture, at the address the contract promises.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{scan::Scanned, secrets::SessionCode, session::Dialect};
use saoma_http::{Facts, Problem};

use crate::{App, qr_text};

/// The longest name that is read, in bytes.
const LONGEST: usize = 512;

/// `GET /qrcode/{base64url of the QR's text}.jpg`: only a picture that `createcode` has drawn and stored. No caller can
/// have another text drawn. The stored name is random, and the session holds it.
pub(crate) async fn picture(
    State(app): State<App>,
    facts: Facts,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let code = read_name(&file, &public_url).ok_or_else(Problem::not_found)?;
    if file != file_name(&qr_text(&public_url, &code)) {
        return Err(Problem::not_found());
    }
    let now = app.service.clock.now();
    let session = app.logins.look_up(&code).await?;
    let session = session.filter(|it| it.dialect() == Dialect::Shop && !it.is_expired(now));
    let name = session.as_ref().and_then(|session| session.flow.picture()).ok_or_else(Problem::not_found)?;
    let picture = app.pictures.get(name).await?.ok_or_else(Problem::not_found)?;
    Ok(([(header::CONTENT_TYPE, name.format().media_type())], picture).into_response())
}

/// The contract's name for the picture of a text.
pub(crate) fn file_name(text: &str) -> String {
    format!("{}.jpg", URL_SAFE_NO_PAD.encode(text))
}

/// The code in a name.
fn read_name(file: &str, public_url: &str) -> Option<SessionCode> {
    let encoded = file.strip_suffix(".jpg").filter(|_| file.len() <= LONGEST)?;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    Scanned::from_scan(&text, public_url).filter(|scanned| scanned.tag.is_none()).map(|scanned| scanned.code)
}
