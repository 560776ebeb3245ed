//! A client's server has a known person asked on their phone (OpenID Connect CIBA Core 1.0, poll mode).

use std::time::Duration;

use axum::{extract::State, http::HeaderMap};
use saoma_app::pace::DEVICE_INTERVAL;
use saoma_domain::{
    cases::Question,
    client::Client,
    oauth::{BindingMessage, ClientAuth, GrantType, Scope, Scopes},
    session::MatchPolicy,
};
use saoma_http::{
    Facts, Problem,
    body::{Form, Json},
    cookie::ScreenKey,
    query::Query,
};
use serde::Serialize;

use crate::{
    App,
    client::{Authenticated, client_for},
    device_authorization::opener,
    hint,
    refused::{UNAUTHORIZED_CLIENT, missing},
};

const INVALID_SCOPE: Problem = Problem::bad_request("invalid_scope", "scope must have openid.");
const INVALID_BINDING_MESSAGE: Problem = Problem::bad_request(
    "invalid_binding_message",
    "binding_message is two digits from 10 to 99, or at most 128 bytes of visible text.",
);
const NO_NUMBER: Problem = Problem::bad_request(
    "invalid_binding_message",
    "This client's people pick a number: binding_message must be two digits from 10 to 99.",
);
/// There is no such person, or this client may not ask them now. Clients do not learn which (`docs/security.md` H5).
const UNKNOWN_USER_ID: Problem =
    Problem::bad_request("unknown_user_id", "This client cannot ask such a person without a scan.");

/// The answer (CIBA Core section 7.3).
#[derive(Serialize)]
pub(crate) struct Begun {
    auth_req_id: String,
    expires_in: u64,
    interval: u64,
}

/// `POST /oauth/bc-authorize`. The checks, in order: the client proves itself and may ask; it and its network do not ask too
/// often; the request is well formed; the hint names a person whom this client may ask; an assertion counts once; the person is
/// not asked too often.
pub(crate) async fn begin(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Json<Begun>, Problem> {
    let found = client_for(&app, &facts, &headers, &form, GrantType::Ciba).await?;
    found.answered(|found| begun(&app, &facts, &headers, &form, found)).await
}

async fn begun(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Query,
    Authenticated { client, spends }: Authenticated,
) -> Result<Json<Begun>, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    if client.oauth.auth == ClientAuth::None {
        return Err(UNAUTHORIZED_CLIENT);
    }
    service.pace.open_for(&client.id, now).map_err(Problem::too_many)?;
    service.pace.ask(facts.network(), None, now).map_err(Problem::too_many)?;
    let question = read(form, &client)?;
    let question = Question {
        account: hint::account(app, facts, &client, form).await?,
        opener: opener(app, headers, form, &client).await?,
        ..question
    };
    // Not counted as a guess: the client has proved itself and is paced, and what a person mistypes must not slow down its
    // other calls.
    let askable = app.asked.askable(&client, question, now).await?.ok_or(UNKNOWN_USER_ID)?;
    spends.spend(app).await?;
    let opened = app.asked.ask(askable, now).await?.ok_or(UNKNOWN_USER_ID)?;
    let session = opened.session;
    let key = ScreenKey { code: session.code, secret: opened.secret };
    Ok(Json(Begun {
        auth_req_id: key.reveal(),
        expires_in: session.expires_at.since(now).as_secs(),
        interval: DEVICE_INTERVAL.as_secs(),
    }))
}

/// The request, but for whom it is about.
fn read(form: &Query, client: &Client) -> Result<Question, Problem> {
    if form.get("request").is_some() {
        return Err(missing("Signed requests are not supported: send the parameters themselves."));
    }
    let scopes = Scopes::parse(form.get("scope").ok_or(missing("scope is missing."))?);
    if !scopes.has(Scope::Openid) {
        return Err(INVALID_SCOPE);
    }
    Ok(Question {
        account: None,
        scopes,
        message: message(form, client)?,
        opener: None,
        life: form.get("requested_expiry").map(seconds).transpose()?,
    })
}

fn message(form: &Query, client: &Client) -> Result<Option<BindingMessage>, Problem> {
    let raw = form.get("binding_message");
    let message = raw.map(|raw| BindingMessage::parse(raw).ok_or(INVALID_BINDING_MESSAGE)).transpose()?;
    let is_number = matches!(message, Some(BindingMessage::Number(_)));
    if client.match_policy == MatchPolicy::Pick && !is_number { Err(NO_NUMBER) } else { Ok(message) }
}

/// A positive number of seconds.
fn seconds(raw: &str) -> Result<Duration, Problem> {
    let digits = raw.bytes().all(|byte| byte.is_ascii_digit()).then_some(raw);
    let seconds = digits.and_then(|digits| digits.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or(missing("requested_expiry is a positive number of seconds."))
}
