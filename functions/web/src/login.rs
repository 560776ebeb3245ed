//! The PC asks how its QR stands.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{StepError, View},
    secrets::TokenId,
    session::{Dialect, Refusal, Session, Standing},
};
use saoma_http::{Facts, Problem, body::Json, cookie::ScreenKey, early::too_early, rotating::age};
use serde::Serialize;

use crate::{App, cors, flag::Flag};

/// The poll's answer.
#[derive(Default, Serialize)]
struct Polled {
    statusflag: Option<Flag>,
    /// After how many seconds to ask again.
    #[serde(rename = "pollAfter")]
    poll_after: u64,
    /// How many seconds ago the QR was opened, if it rotates.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    /// Where to go, with a one-time ticket: signed in only.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What the app put in at lock: signed in only.
    #[serde(skip_serializing_if = "Option::is_none")]
    ext: Option<String>,
    /// Why a QR is dead. Only the PC that showed it learns this.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// `GET /qr/login`, without parameters. The PC is identified by its cookie, or by the `pollToken` in the `token`
/// header. A wrong secret gets the same answer as an expired one (W15).
pub(crate) async fn login(State(app): State<App>, facts: Facts, headers: HeaderMap) -> Response {
    match ask(&app, &facts, &headers).await {
        Ok(response) => response,
        Err(refused) => cors::readable_refusal(&app, &facts, &headers, refused).await,
    }
}

async fn ask(app: &App, facts: &Facts, headers: &HeaderMap) -> Result<Response, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let key = ScreenKey::from_header(headers)
        .or_else(|| ScreenKey::from_cookie(headers, &public_url))
        .ok_or_else(Problem::no_screen)?;
    let view = match app.logins.status(&key.code, Dialect::Web, Some(&key.secret)).await? {
        View::Screen(session) => session,
        View::Stranger(session) => return Err(StepError::of(&session, Refusal::NotTheScreen).into()),
    };
    // A plain poll reads the session and nothing else.
    let confirmed = view.standing(app.service.clock.now()) == Standing::Confirmed;
    let (client, origin) = if confirmed || cors::is_foreign(headers, &public_url) {
        let client = app.service.client_behind(&*app.clients, &view).await?.ok_or_else(Problem::not_found)?;
        let origin = cors::admit(app, facts, headers, &client)?;
        (Some(client), origin)
    } else {
        (None, None)
    };
    let return_url = |ticket: &str| match client.as_ref().and_then(|client| client.return_url.as_ref()) {
        Some(url) => url.with_ticket(ticket),
        None => format!("{public_url}/welcome?ticket={ticket}"),
    };
    let polled = answer(app, &public_url, &view, return_url)?;
    let waits = matches!(polled.statusflag, Some(Flag::Waiting | Flag::Scanned));
    let early = waits.then(|| app.service.pace.poll(&view, true, app.service.clock.now()));
    let mut response = Json(polled).into_response();
    if let Some(Err(seconds)) = early {
        response = too_early(response, seconds);
    }
    Ok(cors::readable(response, origin))
}

fn answer(
    app: &App,
    issuer: &str,
    session: &Session,
    return_url: impl FnOnce(&str) -> String,
) -> Result<Polled, Problem> {
    let now = app.service.clock.now();
    let poll_after = session.poll_after(now).as_secs();
    let age = age(session, now);
    let flagged = |flag| Polled { statusflag: Some(flag), poll_after, age, ..Polled::default() };
    let dead = |reason| Ok(Polled { reason: Some(reason), ..flagged(Flag::Dead) });
    match session.standing(now) {
        Standing::Waiting => Ok(flagged(Flag::Waiting)),
        Standing::Scanned => Ok(flagged(Flag::Scanned)),
        Standing::Confirmed => {
            let id = TokenId::random(&*app.service.random);
            let life = app.service.settings.ticket_life;
            let ticket = app.service.keys.mint_ticket(issuer, session, &id, life, now)?;
            let ext = session.flow.ext().map(|ext| ext.as_str().to_owned()).unwrap_or_default();
            Ok(Polled { url: Some(return_url(&ticket)), ext: Some(ext), ..flagged(Flag::SignedIn) })
        }
        Standing::Redeemed => dead("used"),
        Standing::Cancelled(_) => dead("cancelled"),
        Standing::Expired => dead("expired"),
    }
}
