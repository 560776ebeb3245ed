//! Finds out who is calling: a phone, a screen or a client's server.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_app::Service;
use saoma_domain::{
    account::Account,
    cases::ForeignPeople,
    client::Client,
    identity::{Approver, ClientId},
    opener::{Opener, OpenerRecords},
    ports::{Checks, Clients},
    secrets::Secret,
    sign_in::Method,
    time::Timestamp,
};

use crate::{Facts, Problem};

/// The token that a caller presents: `Authorization: Bearer …`, or the header `token`. Never the query.
#[must_use]
pub fn presented_token(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let plain = || headers.get("token").and_then(|value| value.to_str().ok()).map(str::trim);
    bearer.or_else(plain).filter(|token| !token.is_empty())
}

/// Verifies phones. What a caller says about itself in a body plays no part (`docs/security.md` A11).
#[derive(Clone)]
pub struct Phones {
    pub(crate) service: Service,
    checks: Arc<dyn Checks>,
    pub(crate) foreign: Option<Arc<ForeignPeople>>,
}

impl Phones {
    /// A verifier of the tokens that this service signed.
    pub fn new(service: Service, checks: Arc<dyn Checks>) -> Self {
        Self { service, checks, foreign: None }
    }

    /// The same, where a step of a login may come with a token of another issuer too ([`OfAnyIssuer`]).
    ///
    /// [`OfAnyIssuer`]: crate::foreign::OfAnyIssuer
    #[must_use]
    pub fn admitting(self, foreign: ForeignPeople) -> Self {
        Self { foreign: Some(Arc::new(foreign)), ..self }
    }

    /// A verified phone with its account, if its sign-in was not ended and the account may be used.
    pub(crate) async fn signed_in(&self, by: Approver) -> Result<SignedInPhone, Problem> {
        let records = self.checks.phone(&by.phone).await?;
        let (sign_in, account) = records.stands(self.service.clock.now())?;
        Ok(SignedInPhone { by, account, method: sign_in.method, since: sign_in.created_at })
    }

    /// The holder of a phone's token that we signed and that is good now. This does not check whether its sign-in
    /// was ended: a step of a login checks that together with the session.
    async fn token(&self, parts: &Parts) -> Result<Approver, Problem> {
        let token = presented_token(&parts.headers).ok_or_else(Problem::unauthorized)?;
        let (issuer, now) = (self.service.public_url(Facts::of(parts).domain())?, self.service.clock.now());
        let by = self.service.keys.verify_approver(&issuer, token, now).await?;
        self.service.pace.call(&by.phone.sign_in, now).map_err(Problem::too_many)?;
        Ok(Approver { address: Facts::of(parts).ip, ..by })
    }
}

/// The holder of a verified phone token. It serves two kinds of calls. Steps of a login: [`Logins`] reads the phone's
/// sign-in and account together with the session, and refuses a phone that is signed out. And signing out, which a
/// phone may repeat.
///
/// [`Logins`]: saoma_domain::cases::Logins
#[derive(Clone, Debug)]
pub struct Caller(pub Approver);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Phones: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Phones::from_ref(state).token(parts).await.map(Self)
    }
}

/// A phone that is signed in now, and its account. For every call that is not a step of a login.
#[derive(Clone, Debug)]
pub struct SignedInPhone {
    /// The phone, and the app it uses.
    pub by: Approver,
    /// Its account.
    pub account: Account,
    /// How its person proved who they are.
    pub method: Method,
    /// When it signed in.
    pub since: Timestamp,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedInPhone
where
    Phones: FromRef<S>,
{
    type Rejection = Problem;

    /// The checks, in order: the request has a token; we signed it, for a phone, and it has not expired; its sign-in
    /// was not ended; the account may be used.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let phones = Phones::from_ref(state);
        let by = phones.token(parts).await?;
        phones.signed_in(by).await
    }
}

/// The same for calls that a screen may make too: if the request has a token, it must be a signed-in phone's.
#[derive(Clone, Debug)]
pub struct MaybeSignedInPhone(pub Option<SignedInPhone>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeSignedInPhone
where
    Phones: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match presented_token(&parts.headers) {
            Some(_) => SignedInPhone::from_request_parts(parts, state).await.map(|phone| Self(Some(phone))),
            None => Ok(Self(None)),
        }
    }
}

/// A caller that may be a phone: if the request has a token, it must be good.
#[derive(Clone, Debug)]
pub struct MaybeCaller(pub Option<Approver>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller
where
    Phones: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match presented_token(&parts.headers) {
            Some(_) => Phones::from_ref(state).token(parts).await.map(|by| Self(Some(by))),
            None => Ok(Self(None)),
        }
    }
}

/// The client behind a server's request: `Authorization: Basic client:secret` (RFC 7617). An unknown
/// client and a wrong secret look the same. The client is read as last written: a secret that was rotated or removed a
/// moment ago is not good (`docs/security.md` A15), and one that was given out a moment ago is.
///
/// # Errors
/// 401, or the store's failure.
pub async fn client(
    service: &Service,
    clients: &dyn Clients,
    headers: &HeaderMap,
) -> Result<Client, Problem> {
    let (id, secret) = basic(headers).ok_or(INVALID_CLIENT)?;
    let client = service.client_now(clients, &id).await?;
    let now = service.clock.now();
    let client = client.filter(|client| client.is_authenticated_by(&secret, now));
    client.ok_or_else(|| INVALID_CLIENT.of_client(&id))
}

/// What a screen of `client` proves when it opens a session: `Authorization: Basic client:secret`, where the secret is the
/// client's, or a machine's of it. `None` when it sends no such header: only a strict client asks for one.
///
/// # Errors
/// 401 for another client's id or a secret that is not good, or the store's failure.
pub async fn opener(
    service: &Service,
    clients: &dyn Clients,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Option<Opener>, Problem> {
    if !is_basic(headers) {
        return Ok(None);
    }
    let refused = || INVALID_CLIENT.of_client(&client.id);
    let (id, secret) = basic(headers).filter(|(id, _)| *id == client.id).ok_or_else(refused)?;
    let opener = Opener::presenting(&secret);
    let mut proved = OpenerRecords::default();
    if let Some(name) = opener.machine() {
        proved.machine = clients.machine(&id, name).await?;
    }
    // As last written: a secret may have been given out or rotated a moment ago.
    let stored = service.client_now(clients, &id).await?;
    let now = service.clock.now();
    if stored.is_some_and(|client| client.trusts(&opener, &proved, now)) {
        Ok(Some(opener))
    } else {
        Err(refused())
    }
}

/// The one answer to every caller that fails to prove which client it is.
pub const INVALID_CLIENT: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "invalid_client",
    "Authenticate as a registered client: Authorization: Basic client:secret.",
);

/// Whether a request authenticates as a client.
pub(crate) fn is_basic(headers: &HeaderMap) -> bool {
    encoded_basic(headers).is_some()
}

fn encoded_basic(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(encoded)
}

fn basic(headers: &HeaderMap) -> Option<(ClientId, Secret)> {
    let (id, secret) = basic_credentials(headers)?;
    Some((ClientId::parse(&id)?, Secret::presented(&secret)?))
}

/// The id and the secret of `Authorization: Basic`, decoded and not verified (RFC 6749 section 2.3.1). `None` where they
/// cannot be read, or have more than 1024 characters.
#[must_use]
pub fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = encoded_basic(headers).filter(|encoded| encoded.len() <= 1024)?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// Decodes one part of the credentials of `Basic`, which a client encodes as in a form (RFC 6749 section 2.3.1). A client
/// that does not encode them sends the same for our ids and secrets, which have no `%` and no `+`.
fn form_decoded(raw: &str) -> Option<String> {
    let pair = format!("v={}", raw.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}
