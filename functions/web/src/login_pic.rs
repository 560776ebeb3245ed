//! The QR as a picture.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_http::{Facts, Problem, query::Query};
use saoma_qr::{Logo, LogoSize, Picture, PictureSize, Symbol, png};

use crate::{
    App, cors,
    open::{Loading, Shows, open},
};

/// `qrSize`: default and largest (`docs/web.md`).
const QR_SIZE: (u32, u32) = (94, 512);
/// `logoSize`: default and largest.
const LOGO_SIZE: (u32, u32) = (32, 256);

/// `GET /qr/loginpic/?qrSize=&logoSize=&logo=`: a PNG, and the cookie that binds this PC to it.
///
/// The parameters are read before a session is opened, so a refused picture leaves nothing behind (G9).
pub(crate) async fn login_pic(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let loading = Loading::of(&headers);
    if loading == Loading::Prefetch {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let query = query?;
    let picture = read_picture(&query)?;
    check_fits(&app, &facts, picture)?;
    let qr = open(&app, &facts, &headers, &query, loading, Shows::Still).await?;
    let drawn = Symbol::fit(&qr.text, picture).and_then(|symbol| png(&symbol, picture));
    let png = drawn.map_err(|error| Problem::internal(error.to_string()))?;
    let mut response = ([(header::CONTENT_TYPE, "image/png")], png).into_response();
    response.headers_mut().extend(qr.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(cors::readable(response, qr.origin))
}

/// Reads the size and the logo. A size above the contract's limit is clamped. A size that is no number, zero or
/// negative, and an unknown logo, are refused (`docs/security.md` G1).
fn read_picture(query: &Query) -> Result<Picture, Problem> {
    let size = read_number(query, "qrSize", QR_SIZE)?;
    let logo_size = read_number(query, "logoSize", LOGO_SIZE)?;
    let logo = match query.get("logo") {
        None => None,
        Some(number) if parse_digits(number) == Some(0) => None,
        Some(number) => {
            let known = parse_digits(number).and_then(|n| Logo::from_number(u32::try_from(n).ok()?));
            Some(
                known
                    .ok_or_else(|| refused("unknown_logo", "logo is 0 for none, or the number of a logo."))?,
            )
        }
    };
    let sized = || Ok((PictureSize::new(size)?, LogoSize::new(logo_size)?));
    let (size, logo_size) =
        sized().map_err(|_: saoma_qr::QrError| refused("invalid_size", "The picture would be empty."))?;
    Ok(match logo {
        Some(logo) => Picture { logo: Some((logo, logo_size)), ..Picture::plain(size) },
        None => Picture::plain(size),
    })
}

fn read_number(query: &Query, name: &str, (default, largest): (u32, u32)) -> Result<u32, Problem> {
    let Some(raw) = query.get(name) else { return Ok(default) };
    let number = parse_digits(raw).filter(|n| *n > 0);
    let number =
        number.ok_or_else(|| refused("invalid_size", "qrSize and logoSize are positive numbers."))?;
    Ok(u32::try_from(number).unwrap_or(largest).min(largest))
}

/// Reads a plain decimal of any length. A number beyond `u64` counts as the largest one.
fn parse_digits(raw: &str) -> Option<u64> {
    let digits = !raw.is_empty() && raw.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| raw.parse().unwrap_or(u64::MAX))
}

/// Refuses a picture that is too small for readers, before a session is opened.
fn check_fits(app: &App, facts: &Facts, picture: Picture) -> Result<(), Problem> {
    let any_code = "0".repeat(saoma_domain::secrets::SessionCode::LENGTH);
    let text = saoma_qr::session_text(&app.service.public_url(facts.domain())?, &any_code);
    let symbol = text.and_then(|text| Symbol::fit(&text, picture));
    let fits = symbol.map_err(|error| Problem::internal(error.to_string()))?.fits(picture);
    fits.then_some(()).ok_or_else(|| refused("too_small", "qrSize is too small for a readable QR."))
}

fn refused(code: &'static str, detail: &'static str) -> Problem {
    Problem::bad_request(code, detail)
}
