//! A client sends its authorization request ahead (RFC 9126). It is sealed into the `request_uri`, and stored nowhere.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    client::Client,
    ports::{OncePurpose, OneUse, Used, WriteId},
    secrets::TokenId,
};
use saoma_http::{
    Facts, Problem,
    body::{Form, Json},
    query::Query,
};
use saoma_tokens::authorization::{AuthorizationRequest, PUSHED_LIFE, PushedRequest};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    App,
    authorize::{self, Refused},
    client::{Authenticated, client},
    cors, dpop,
    refused::missing,
};

/// What the sealed request follows in a `request_uri` (RFC 9126 section 2.2).
const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// For how long the browser that brought a request may bring it again: its answer may have been lost, or its person
/// reloads (RFC 9126 section 4).
const AGAIN: Duration = Duration::from_secs(30);

/// The answer (RFC 9126 section 2.2).
#[derive(Serialize)]
struct Pushed {
    request_uri: String,
    expires_in: u64,
}

/// `POST /oauth/par`.
pub(crate) async fn push(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Problem> {
    let found = client(&app, &facts, &headers, &form).await?;
    let pushed = found.answered(|found| pushed(&app, &facts, &headers, &form, found)).await?;
    Ok(cors::readable((StatusCode::CREATED, Json(pushed)).into_response()))
}

/// The checks, in order: the client proves itself; the request names no other one; it is good, as at the authorization
/// endpoint; an assertion counts once.
async fn pushed(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Query,
    Authenticated { client, spends }: Authenticated,
) -> Result<Pushed, Problem> {
    if form.get("request_uri").is_some() {
        return Err(missing("request_uri names a request that was pushed; push the request itself."));
    }
    let (service, now) = (&app.service, app.service.clock.now());
    let issuer = service.public_url(facts.domain())?;
    let request = authorize::checked(app, &issuer, &client, form).await.map_err(told)?;
    let request = bound(app, facts, headers, request)?;
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let id = TokenId::random(&*service.random);
    let sealed = service.keys.seal_pushed(&issuer, request, &id, now)?;
    let sealed = authorize::short(sealed, &redirect_uri, state.as_deref()).map_err(told)?;
    spends.spend(app).await?;
    Ok(Pushed { request_uri: format!("{URN}{sealed}"), expires_in: PUSHED_LIFE.as_secs() })
}

/// The request, bound to the key of the proof that comes with it (RFC 9449 section 10.1).
fn bound(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    request: AuthorizationRequest,
) -> Result<AuthorizationRequest, Problem> {
    let Some(proof) = dpop::proof(app, facts, headers, ("POST", "/oauth/par"), None)? else {
        return Ok(request);
    };
    let named = request.dpop_jkt.as_deref();
    if named.is_some_and(|named| named != proof.key.as_str()) {
        return Err(missing("dpop_jkt is of another key than the proof."));
    }
    Ok(AuthorizationRequest { dpop_jkt: Some(proof.key.to_string()), ..request })
}

/// A refusal of the request, as the client itself is told here (RFC 9126 section 2.3).
fn told(refused: Refused) -> Problem {
    match refused {
        Refused::Here(problem) if problem.code == "invalid_redirect_uri" => missing(problem.detail),
        Refused::Here(problem) => problem,
        Refused::There { error, description, .. } => Problem::bad_request(error, description),
    }
}

/// The sealed request in a `request_uri` that looks like ours.
pub(crate) fn sealed_in(query: &Query) -> Option<&str> {
    query.get("request_uri")?.strip_prefix(URN)
}

/// The request that was pushed. The checks, in order: we sealed it, for this client; its client may still ask so, and have
/// the answer sent there; this browser is the first to bring it, in time, or brings it again within 30 s.
pub(crate) async fn taken(
    app: &App,
    facts: &Facts,
    issuer: &str,
    client: &Client,
    sealed: &str,
) -> Result<AuthorizationRequest, Refused> {
    const UNKNOWN: Problem = Problem::bad_request(
        "invalid_request_uri",
        "request_uri names no pushed request of this client; start again at the site.",
    );
    let opened = app.service.keys.open_pushed(issuer, sealed).await.map_err(|_| UNKNOWN)?;
    let PushedRequest { request, id, expires_at } = opened;
    if request.client_id != client.id.as_str() || !authorize::may_ask(client, &request) {
        return Err(UNKNOWN.into());
    }
    let (now, until) = (app.service.clock.now(), expires_at.plus(AGAIN));
    let used = OneUse::of(OncePurpose::PushedRequest, client.id.as_str(), id.as_str(), now, until);
    // A request that is over for good needs no record.
    let good = now < until
        && match app.once.use_once(&used, &browser(facts)).await.map_err(Problem::from)? {
            Used::First(at) => at < expires_at && now < at.plus(AGAIN),
            Used::Before => false,
        };
    if good {
        return Ok(request);
    }
    let description = "The pushed request is used or over; push it again.";
    let AuthorizationRequest { redirect_uri, state, .. } = request;
    Err(Refused::There { redirect_uri, state, error: "invalid_request_uri", description })
}

/// The browser as a writer of its own: its network, and what it says it is.
fn browser(facts: &Facts) -> WriteId {
    let seen = format!("{:?} {:?}", facts.network(), facts.browser);
    WriteId::from_stored(&URL_SAFE_NO_PAD.encode(Sha256::digest(seen)))
}
