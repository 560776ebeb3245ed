//! Draws the QR of a trace.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_domain::cases::{StepError, StepFailure};
use saoma_http::{Facts, Problem, query::Query};
use saoma_qr::{Level, Margin, Picture, PictureSize, QrError, Symbol, png, session_text, svg};

use crate::App;

/// `size` when it is not given, in pixels.
const DEFAULT_SIZE: u32 = 280;

/// `GET /login/qrcode/{traceId}?size=&margin=&format=png|base64|svg`. The call needs only the id, because an id cannot
/// be guessed and a QR is made to be shown. A trace without a QR, or whose QR or client is over, is 404.
pub(crate) async fn qrcode(
    State(app): State<App>,
    facts: Facts,
    Path(trace_id): Path<String>,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let query = query?;
    let (picture, format) = (read_picture(&query)?, read_format(&query)?);
    let trace = app.trace(&trace_id).await?;
    let client = app.service.client(&*app.clients, &trace.client).await?;
    if !client.is_some_and(|client| client.is_of(trace.created_at)) {
        return Err(Problem::not_found());
    }
    let code = trace.qr;
    let session = app.logins.logins.look_up(&code).await?;
    let now = app.service.clock.now();
    let shown = session.filter(|session| session.standing(now).is_undecided());
    let session = shown.ok_or_else(|| StepError::at(&code, StepFailure::Unknown))?;
    let text = session_text(&app.service.public_url(facts.domain())?, session.code.as_str());
    draw(&text.map_err(unable)?, picture, format).map_err(unable)
}

/// The format of the picture.
#[derive(Clone, Copy)]
enum Format {
    Png,
    Base64,
    Svg,
}

fn draw(text: &str, picture: Picture, format: Format) -> Result<Response, QrError> {
    let symbol = match format {
        Format::Svg => Symbol::encode(text, Level::M)?,
        Format::Png | Format::Base64 => Symbol::fit(text, picture)?,
    };
    Ok(match format {
        Format::Svg => {
            let svg = svg(&symbol, picture.margin);
            ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
        }
        Format::Png => ([(header::CONTENT_TYPE, "image/png")], png(&symbol, picture)?).into_response(),
        Format::Base64 => {
            let text = STANDARD.encode(png(&symbol, picture)?);
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
    })
}

fn read_picture(query: &Query) -> Result<Picture, Problem> {
    const SIZE: Problem = Problem::bad_request("invalid_size", "size is 1 to 1024 pixels.");
    const MARGIN: Problem = Problem::bad_request("invalid_margin", "margin is 0 to 32 modules.");
    let number = |name: &str| query.get(name).map(read_digits);
    let size = number("size").unwrap_or(Some(DEFAULT_SIZE)).ok_or(SIZE)?;
    let margin = number("margin").map(|modules| modules.and_then(|n| Margin::new(n).ok()).ok_or(MARGIN));
    let size = PictureSize::new(size).map_err(|_| SIZE)?;
    Ok(Picture { margin: margin.transpose()?.unwrap_or(Margin::QUIET_ZONE), ..Picture::plain(size) })
}

/// A plain decimal.
fn read_digits(raw: &str) -> Option<u32> {
    raw.bytes().all(|byte| byte.is_ascii_digit()).then(|| raw.parse().ok())?
}

fn read_format(query: &Query) -> Result<Format, Problem> {
    match query.get("format") {
        None | Some("png") => Ok(Format::Png),
        Some("base64") => Ok(Format::Base64),
        Some("svg") => Ok(Format::Svg),
        Some(_) => Err(Problem::bad_request("unknown_format", "format is png, base64 or svg.")),
    }
}

fn unable(error: QrError) -> Problem {
    match error {
        QrError::TooSmall { .. } => Problem::bad_request("too_small", "size is too small for a readable QR."),
        error => Problem::internal(error.to_string()),
    }
}
