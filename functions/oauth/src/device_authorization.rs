//! A device asks to be signed in (RFC 8628 section 3.1).

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_app::pace::DEVICE_INTERVAL;
use saoma_domain::{
    cases::Opening,
    client::Client,
    oauth::{ClientAuth, GrantType, Scopes, UserCode},
    opener::Opener,
    secrets::Secret,
    session::{Flow, ScreenClaims},
    text::CleanText,
};
use saoma_http::{
    Facts, Problem, auth,
    body::{Form, Json},
    cookie::ScreenKey,
    query::Query,
};
use saoma_qr::{Margin, svg, terminal};
use serde::Serialize;

use crate::{
    App,
    client::{Authenticated, client_for},
    cors, dpop,
    qr::symbol_of,
};

/// The answer (RFC 8628 section 3.2). The last three are ours, so that a device shows them without a library.
#[derive(Serialize)]
pub(crate) struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
    /// The QR, drawn.
    qr: String,
    /// The QR as lines of text for a terminal.
    qr_text: String,
    /// The number to show beside the QR; missing under the policy `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    match_number: Option<String>,
}

/// `POST /oauth/device_authorization`. `device_name` is ours: what the device calls itself, for its person to read.
/// A proof of possession binds the login: its polls must prove the same key.
///
/// The checks, in order: the client proves itself and may ask; it or its network does not ask too often; the proof is good;
/// the client may open such a session; an assertion counts once.
pub(crate) async fn begin(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Problem> {
    let found = client_for(&app, &facts, &headers, &form, GrantType::DeviceCode).await?;
    let begun = found.answered(|found| begun(&app, &facts, &headers, &form, found)).await?;
    // Pages of other sites may read the answer: an app on a TV may be a page. The call uses no cookie.
    Ok(cors::readable(begun.into_response()))
}

async fn begun(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Query,
    Authenticated { client, spends }: Authenticated,
) -> Result<Json<Begun>, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    pace(app, &client, facts)?;
    let issuer = service.public_url(facts.domain())?;
    let proof = dpop::proof(app, facts, headers, ("POST", "/oauth/device_authorization"), None)?;
    let key = proof.map(|proof| proof.key);
    let opening = Opening {
        flow: Flow::Oauth {
            scopes: Scopes::parse(form.get("scope").unwrap_or_default()),
            request: None,
            key,
            rotates: false,
        },
        client: &client,
        claims: ScreenClaims {
            device_name: form.get("device_name").and_then(CleanText::non_empty),
            device_mac: None,
        },
        seen: facts.seen(),
        opener: opener(app, headers, form, &client).await?,
        life: service.settings.session_life,
    };
    app.logins.may_open(&client, (&opening.flow, &opening.seen, opening.opener.as_ref()))?;
    spends.spend(app).await?;
    let draw = || {
        let code = UserCode::random(&*service.random);
        (code.session_code(&*service.keys), code)
    };
    let (opened, user_code) = app.logins.open_as(opening, draw, now).await?;
    let session = opened.session;
    let (text, symbol) = symbol_of(&session, &issuer)?;
    let key = ScreenKey { code: session.code.clone(), secret: opened.secret };
    Ok(Json(Begun {
        device_code: key.reveal(),
        user_code: user_code.to_string(),
        verification_uri: format!("{issuer}/device"),
        verification_uri_complete: text,
        expires_in: session.expires_at.since(now).as_secs(),
        interval: DEVICE_INTERVAL.as_secs(),
        qr: svg(&symbol, Margin::QUIET_ZONE),
        qr_text: terminal(&symbol, Margin::QUIET_ZONE),
        match_number: session.shown_number(),
    }))
}

/// What the device proved. Only a strict client asks; a secret in the body was checked when the client proved itself.
pub(crate) async fn opener(
    app: &App,
    headers: &HeaderMap,
    form: &Query,
    client: &Client,
) -> Result<Option<Opener>, Problem> {
    if !client.strict {
        return Ok(None);
    }
    match form.get("client_secret").filter(|_| client.oauth.auth == ClientAuth::ClientSecret) {
        Some(secret) => Ok(Secret::presented(secret).map(|secret| Opener::presenting(&secret))),
        None => auth::opener(&app.service, &*app.clients, headers, client).await,
    }
}

/// Counts the session about to be opened: by client where a secret or a key proves it, because its server opens for many people,
/// else by network.
fn pace(app: &App, client: &Client, facts: &Facts) -> Result<(), Problem> {
    let (pace, now) = (&app.service.pace, app.service.clock.now());
    let opened = match client.oauth.auth {
        ClientAuth::ClientSecret | ClientAuth::PrivateKeyJwt => pace.open_for(&client.id, now),
        ClientAuth::None => pace.open(facts.network(), now),
    };
    opened.map_err(Problem::too_many)
}
