//! The calls of the page that shows the QR of a request: begin, status, cancel.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{Opening, View},
    client::Client,
    identity::ClientId,
    oauth::{GrantType, RequestHash, Scopes},
    secrets::TokenId,
    session::{Dialect, Flow, ScreenClaims, Session, Standing},
    time::Timestamp,
};
use saoma_http::{
    Facts, Problem, auth::presented_token, body::Json, cookie::ScreenKey, early::too_early, screen::replace,
};
use saoma_qr::{Level, Margin, Symbol, session_text, svg};
use saoma_tokens::authorization::AuthorizationRequest;
use serde::{Deserialize, Serialize};

use crate::{App, answer::answer_to};

/// The request as it stands in the page's address.
#[derive(Deserialize)]
pub(crate) struct Sealed {
    request: String,
}

/// A request that is too old, was changed, or whose client does not count any more.
const STALE: Problem =
    Problem::bad_request("invalid_request", "The request is too old or not ours; start again at the site.");

/// What the page shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    client: ShownClient,
    /// What the client will learn and may do, besides knowing who signed in.
    scopes: Vec<&'static str>,
    code: String,
    text: String,
    svg: String,
    poll_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_number: Option<String>,
    expires_in: u64,
}

#[derive(Serialize)]
struct ShownClient {
    id: String,
    name: String,
    logo: Option<String>,
}

/// Where the browser goes.
#[derive(Serialize)]
pub(crate) struct GoTo {
    url: String,
}

/// What the screen of a request holds: its key, and the request itself. Written `<code>.<secret>.<request>`.
struct Held {
    key: ScreenKey,
    request: String,
}

impl Held {
    fn parse(raw: &str) -> Option<Self> {
        let mut parts = raw.splitn(3, '.');
        let (code, secret, request) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key: ScreenKey::parse(&format!("{code}.{secret}"))?, request: request.to_owned() })
    }
}

/// `POST /oauth/authorize/begin`: opens a session for the request, and ends the one that the page showed before.
pub(crate) async fn begin(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(Sealed { request: sealed }): Json<Sealed>,
) -> Result<Json<Shown>, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    let issuer = service.public_url(facts.domain())?;
    let (request, client) = opened(&app, &issuer, &sealed, now).await?;
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    if let Some(old) = presented_token(&headers).and_then(Held::parse) {
        replace(&app.logins, old.key, now).await?;
    }
    let scopes = Scopes::parse(&request.scope);
    let opening = Opening {
        flow: Flow::Oauth { scopes, request: Some(RequestHash::of(&sealed)) },
        client: &client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        opener: None,
        life: service.settings.session_life,
    };
    let opened = app.logins.open(opening, now).await?;
    let session = opened.session;
    let text = session_text(&issuer, session.code.as_str());
    let text = text.map_err(|error| Problem::internal(error.to_string()))?;
    let symbol = Symbol::encode(&text, Level::M).map_err(|error| Problem::internal(error.to_string()))?;
    let key = ScreenKey { code: session.code.clone(), secret: opened.secret };
    Ok(Json(Shown {
        client: ShownClient { id: client.id.to_string(), name: client.name.to_string(), logo: None },
        scopes: scopes.told(client.oauth.grants.contains(&GrantType::RefreshToken)),
        code: session.code.to_string(),
        svg: svg(&symbol, Margin::QUIET_ZONE),
        poll_token: format!("{}.{sealed}", key.reveal()),
        match_number: session.shown_number(),
        expires_in: session.expires_at.since(now).as_secs(),
        text,
    }))
}

/// The request behind a seal, if it was good at this moment, and its client as it is now, if that may still ask so.
async fn opened(
    app: &App,
    issuer: &str,
    sealed: &str,
    at: Timestamp,
) -> Result<(AuthorizationRequest, Client), Problem> {
    let request = app.service.keys.open_request(issuer, sealed, at).await;
    let request = request.map_err(|_| STALE)?;
    let id = ClientId::parse(&request.client_id).ok_or(STALE)?;
    let client = app.service.client_of(&*app.clients, &id, Dialect::Oauth).await?.ok_or(STALE)?;
    let may = client.oauth.grants.contains(&GrantType::AuthorizationCode);
    let there = client.oauth.redirect_uris.iter().any(|registered| registered.admits(&request.redirect_uri));
    if may && there { Ok((request, client)) } else { Err(STALE) }
}

/// How the session stands.
#[derive(Serialize)]
pub(crate) struct Stands {
    state: &'static str,
    /// Where to go: confirmed only.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// `GET /oauth/authorize/status`, with the `pollToken` in the `token` header. It writes nothing. A confirmed session
/// gives a fresh code at each call; the first one that is exchanged counts.
pub(crate) async fn status(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.service.clock.now();
    let held = presented_token(&headers).and_then(Held::parse).ok_or_else(Problem::no_screen)?;
    let view = app.logins.status(&held.key.code, Dialect::Oauth, Some(&held.key.secret)).await?;
    let View::Screen(session) = view else { return Err(Problem::not_found()) };
    if session.flow.request() != Some(&RequestHash::of(&held.request)) {
        return Err(Problem::not_found());
    }
    let standing = session.standing(now);
    let url = match standing {
        Standing::Confirmed => Some(code_url(&app, &facts, &session, &held.request).await?),
        _ => None,
    };
    let stands = Stands { state: word(standing), url };
    let waits = matches!(standing, Standing::Waiting | Standing::Scanned);
    let early = waits.then(|| app.service.pace.poll(&session, true, now));
    let response = Json(stands).into_response();
    Ok(match early {
        Some(Err(seconds)) => too_early(response, seconds),
        _ => response,
    })
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::Scanned => "scanned",
        Standing::Confirmed => "confirmed",
        Standing::Redeemed => "used",
        Standing::Cancelled(_) => "cancelled",
        Standing::Expired => "expired",
    }
}

async fn code_url(app: &App, facts: &Facts, session: &Session, sealed: &str) -> Result<String, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    let issuer = service.public_url(facts.domain())?;
    // The request was good when its page opened the session. The person may take minutes from then on.
    let (request, _) = opened(app, &issuer, sealed, session.created_at).await?;
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let id = TokenId::random(&*service.random);
    let code = service.keys.mint_code(&issuer, session, request, &id, now)?;
    Ok(answer_to(&redirect_uri, &[("code", &code)], state.as_deref(), &issuer))
}

/// `POST /oauth/authorize/cancel`: the person goes back to the client without signing in.
pub(crate) async fn cancel(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(Sealed { request: sealed }): Json<Sealed>,
) -> Result<Json<GoTo>, Problem> {
    let issuer = app.service.public_url(facts.domain())?;
    let (request, _) = opened(&app, &issuer, &sealed, app.service.clock.now()).await?;
    if let Some(old) = presented_token(&headers).and_then(Held::parse) {
        replace(&app.logins, old.key, app.service.clock.now()).await?;
    }
    let pairs = [("error", "access_denied")];
    let url = answer_to(&request.redirect_uri, &pairs, request.state.as_deref(), &issuer);
    Ok(Json(GoTo { url }))
}
