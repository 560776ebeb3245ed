//! Which client calls (RFC 6749 section 2.3).

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use saoma_domain::{
    client::Client,
    identity::ClientId,
    oauth::{ClientAuth, GrantType, RegisteredKeys},
    ports::{OncePurpose, OneUse},
    secrets::Secret,
    session::Dialect,
};
use saoma_http::{
    Facts, Problem,
    auth::{INVALID_CLIENT, basic_credentials},
    query::Query,
};
use saoma_tokens::{
    assertion::{unverified_client, verify_assertion},
    foreign::{ForeignKeys, ForeignToken},
    key_sets::KeySetError,
};

use crate::{
    App,
    refused::{UNAUTHORIZED_CLIENT, missing},
    spend::Spends,
};

/// The `client_assertion_type` of RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where clients authenticate, besides the issuer itself: the audiences of their assertions.
const ENDPOINTS: [&str; 6] = [
    "/oauth/token",
    "/oauth/par",
    "/oauth/device_authorization",
    "/oauth/bc-authorize",
    "/oauth/revoke",
    "/oauth/introspect",
];

/// What a request says about its client. Nothing of it is verified.
struct Claimed {
    id: String,
    proof: Proof,
}

/// How a request says to prove it.
enum Proof {
    None,
    Secret(String),
    Assertion(String),
}

/// A client that has proven itself.
pub(crate) struct Authenticated {
    /// The client, as last written.
    pub(crate) client: Client,
    /// Its assertion's id, if it brought one. Spend it before the step that has an effect.
    pub(crate) spends: Spends,
}

impl Authenticated {
    /// The answer of an endpoint to this client. A refusal names the client, for the log.
    ///
    /// # Errors
    /// Those of the endpoint.
    pub(crate) async fn answered<T, F>(self, endpoint: impl FnOnce(Self) -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        let id = self.client.id.clone();
        endpoint(self).await.map_err(|problem| problem.of_client(&id))
    }
}

/// The client that a request comes from, as last written. The checks, in order: the request names one client, in one way; it
/// is registered, switched on, and speaks OAuth; it proves itself as it is registered to. A refusal names, for the log, the
/// client that the request named.
///
/// # Errors
/// `invalid_request` for two ways at once, `invalid_client`, or the store's failure.
pub(crate) async fn client(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Query,
) -> Result<Authenticated, Problem> {
    let Claimed { id, proof } = claimed(headers, form)?;
    let id = ClientId::parse(&id).ok_or(INVALID_CLIENT)?;
    proven(app, facts, &id, proof).await.map_err(|problem| problem.of_client(&id))
}

async fn proven(app: &App, facts: &Facts, id: &ClientId, proof: Proof) -> Result<Authenticated, Problem> {
    let found = app.service.client_now(&*app.clients, id).await?;
    let client = found.filter(|client| client.dialects.contains(&Dialect::Oauth)).ok_or(INVALID_CLIENT)?;
    let mut spends = Spends::default();
    let proven = match (client.oauth.auth, proof) {
        (ClientAuth::None, _) => true,
        (ClientAuth::ClientSecret, Proof::Secret(secret)) => {
            let now = app.service.clock.now();
            Secret::presented(&secret).is_some_and(|secret| client.is_authenticated_by(&secret, now))
        }
        (ClientAuth::PrivateKeyJwt, Proof::Assertion(assertion)) => {
            let used = asserted(app, facts, &client, &assertion).await?;
            spends.add(used, INVALID_CLIENT);
            true
        }
        _ => false,
    };
    if proven { Ok(Authenticated { client, spends }) } else { Err(INVALID_CLIENT) }
}

/// The same, if the client may use this grant.
///
/// # Errors
/// `unauthorized_client` besides.
pub(crate) async fn client_for(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    form: &Query,
    grant: GrantType,
) -> Result<Authenticated, Problem> {
    let found = client(app, facts, headers, form).await?;
    let may = found.client.oauth.grants.contains(&grant);
    if may { Ok(found) } else { Err(UNAUTHORIZED_CLIENT.of_client(&found.client.id)) }
}

/// The assertion does not prove the client. The text lists the claims that libraries most often set otherwise.
const INVALID_ASSERTION: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "invalid_client",
    "The assertion is not valid. iss and sub must be the client's id, aud the issuer or this endpoint, and exp at most five \
     minutes ahead.",
);

/// The use of an assertion of this client, if it is good.
async fn asserted(app: &App, facts: &Facts, client: &Client, assertion: &str) -> Result<OneUse, Problem> {
    let issuer = app.service.public_url(facts.domain())?;
    let is_us = |audience: &str| {
        let path = audience.strip_prefix(&issuer);
        path.is_some_and(|path| path.is_empty() || ENDPOINTS.contains(&path))
    };
    let (keys, now) = (keys_for(app, client, assertion).await?, app.service.clock.now());
    let good = verify_assertion(assertion, &keys, &client.id, is_us, now).map_err(|_| INVALID_ASSERTION)?;
    Ok(OneUse::of(OncePurpose::Assertion, client.id.as_str(), &good.id, now, good.refused_from))
}

/// The keys that verify a client's assertions. A set at the registered address is fetched when it is old, and when the
/// assertion names a key that is not in it; nothing that an assertion names is fetched (`docs/security.md` E6).
async fn keys_for(app: &App, client: &Client, assertion: &str) -> Result<Arc<ForeignKeys>, Problem> {
    match client.oauth.keys.as_ref().ok_or(INVALID_CLIENT)? {
        RegisteredKeys::Set(text) => {
            let keys = ForeignKeys::registered(text);
            keys.map(Arc::new)
                .map_err(|error| Problem::internal(format!("the registered keys of {}: {error}", client.id)))
        }
        RegisteredKeys::At(address) => {
            let token = ForeignToken::read(assertion).map_err(|_| INVALID_CLIENT)?;
            app.key_sets.key_set(address, token.kid()).await.map_err(unavailable)
        }
    }
}

/// The client's server does not answer with its keys: nothing is known of the client, so it may try again.
fn unavailable(error: KeySetError) -> Problem {
    match error {
        KeySetError::Store(error) => error.into(),
        KeySetError::Unavailable(wait) => Problem {
            retry_after: Some(wait.as_secs().max(1)),
            ..Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The address that is registered for the client's keys does not answer; try again.",
            )
        },
    }
}

fn claimed(headers: &HeaderMap, form: &Query) -> Result<Claimed, Problem> {
    const TWO_WAYS: Problem = missing(
        "Authenticate in one way: Authorization: Basic, or client_secret or client_assertion in the body.",
    );
    let named = form.get("client_id").map(str::to_owned);
    let secret = form.get("client_secret").map(str::to_owned);
    let assertion = asserting(form)?;
    let ways = [headers.contains_key(header::AUTHORIZATION), secret.is_some(), assertion.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(TWO_WAYS);
    }
    if headers.contains_key(header::AUTHORIZATION) {
        let (id, secret) = basic_credentials(headers).ok_or(INVALID_CLIENT)?;
        let other = named.is_some_and(|named| named != id);
        return if other { Err(TWO_WAYS) } else { Ok(Claimed { id, proof: Proof::Secret(secret) }) };
    }
    let (id, proof) = match (assertion, secret) {
        // RFC 7521 section 4.2: the assertion names the client, so client_id may be missing.
        (Some(assertion), _) => {
            (named.or_else(|| unverified_client(&assertion)), Proof::Assertion(assertion))
        }
        (None, Some(secret)) => (named, Proof::Secret(secret)),
        (None, None) => (named, Proof::None),
    };
    Ok(Claimed { id: id.ok_or(missing("client_id is missing."))?, proof })
}

/// The assertion that a request brings, if it brings one.
fn asserting(form: &Query) -> Result<Option<String>, Problem> {
    const TYPE: Problem = missing(
        "client_assertion goes with client_assertion_type: urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    );
    match (form.get("client_assertion_type"), form.get("client_assertion")) {
        (None, None) => Ok(None),
        (Some(JWT_BEARER), Some(assertion)) => Ok(Some(assertion.to_owned())),
        _ => Err(TYPE),
    }
}
