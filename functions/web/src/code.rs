//! The QR as text, for pages that draw it themselves; or all the QRs that a page shows one after the other.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_app::Socket;
use saoma_http::{Facts, Problem, body::Json, query::Query, rotating::Rotating};
use saoma_qr::{Level, Margin, Symbol, svg};
use serde::Serialize;

use crate::{
    App, cors,
    flag::Flag,
    open::{Loading, Shows, open},
};

/// What a page needs to show a QR and to poll its state.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's name")]
struct Code {
    #[serde(rename = "statusflag")]
    status_flag: Flag,
    /// The session's id.
    code: String,
    /// The QR's text, if it stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The QR, drawn, if it stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    svg: Option<String>,
    /// The QRs, if they rotate.
    #[serde(skip_serializing_if = "Option::is_none")]
    rotate: Option<Rotating>,
    /// For the `token` header of `/qr/login`, where the cookie is blocked.
    poll_token: String,
    /// The number to show beside the QR; missing under the policy `off`.
    match_number: Option<String>,
    /// How many seconds the QR lives.
    expires_in: u64,
    /// After how many seconds to poll.
    poll_after: u64,
    /// Where the page is told of changes; missing where sockets are switched off.
    #[serde(flatten)]
    socket: Option<Socket>,
}

/// `GET /qr/code`.
pub(crate) async fn code(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Response {
    match show(&app, &facts, &headers, query).await {
        Ok(response) => response,
        Err(refused) => cors::readable_refusal(&app, &facts, &headers, refused).await,
    }
}

async fn show(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let loading = Loading::of(headers);
    if loading == Loading::Prefetch {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let query = query?;
    let qr = open(app, facts, headers, &query, loading, shows(&query)?).await?;
    let now = app.service.clock.now();
    let rotate = Rotating::of(&app.service, &qr.public_url, &qr.session, now)?;
    let still = rotate.is_none();
    let svg = still.then(|| drawn(&qr.text)).transpose()?;
    let body = Code {
        status_flag: Flag::Waiting,
        code: qr.session.code.to_string(),
        poll_token: qr.key.reveal(),
        match_number: qr.session.shown_number(),
        expires_in: qr.session.expires_at.since(now).as_secs(),
        poll_after: qr.session.poll_after(now).as_secs(),
        socket: app.service.socket(&app.service.public_url(facts.domain())?, &qr.session),
        text: still.then_some(qr.text),
        svg,
        rotate,
    };
    let mut response = Json(body).into_response();
    response.headers_mut().extend(qr.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(cors::readable(response, qr.origin))
}

/// Which QRs the page can show. A page that does not say shows the one that stays the same. If its client rotates, it is
/// refused: it would show a QR that no phone may scan.
fn shows(query: &Query) -> Result<Shows, Problem> {
    match query.get("rotate") {
        None | Some("0") => Ok(Shows::Still),
        Some("1") => Ok(Shows::Rotating),
        Some("auto") => Ok(Shows::Either),
        Some(_) => Err(Problem::bad_request("invalid_rotate", "rotate is 1, 0 or auto.")),
    }
}

fn drawn(text: &str) -> Result<String, Problem> {
    let symbol = Symbol::encode(text, Level::M).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(svg(&symbol, Margin::QUIET_ZONE))
}
