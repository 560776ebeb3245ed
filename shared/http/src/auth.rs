//! Who is calling.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_domain::{
    account::Account,
    cases,
    client::Client,
    identity::{Approver, ClientId},
    ports::{Accounts, Clients, SignIns},
    secrets::Secret,
};
use thiserror::Error;

use crate::{Facts, Problem, Service};

/// Why a caller is not who the call needs.
#[derive(Debug, Error)]
pub enum AuthError {
    /// For the log and the caller.
    #[error("{0:?}")]
    Refused(Problem),
}

impl From<AuthError> for Problem {
    fn from(AuthError::Refused(problem): AuthError) -> Self {
        problem
    }
}

/// The token a caller presents: `Authorization: Bearer …`, or the header `token`. Never the query.
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

/// The phones that are signed in. What a caller says of itself in a body plays no part
/// (ADVERSARIES A11).
#[derive(Clone)]
pub struct Phones {
    service: Service,
    sign_ins: Arc<dyn SignIns>,
    accounts: Arc<dyn Accounts>,
}

impl Phones {
    /// Those whose tokens this service signed.
    pub fn new(service: Service, sign_ins: Arc<dyn SignIns>, accounts: Arc<dyn Accounts>) -> Self {
        Self { service, sign_ins, accounts }
    }

    /// The verified phone behind a request, with the app it uses.
    ///
    /// # Errors
    /// The problem to answer with.
    pub async fn verify(&self, facts: &Facts, headers: &HeaderMap) -> Result<Approver, Problem> {
        Ok(self.verify_account(facts, headers).await?.0)
    }

    /// The same, and its account.
    ///
    /// The checks, in order: a token came; we signed it, for this, and it is still good; its sign-in
    /// was not ended; the account stands.
    ///
    /// # Errors
    /// The problem to answer with.
    pub async fn verify_account(
        &self,
        facts: &Facts,
        headers: &HeaderMap,
    ) -> Result<(Approver, Account), Problem> {
        let token = presented_token(headers).ok_or_else(Problem::unauthorized)?;
        let now = self.service.clock.now();
        let issuer = self.service.public_url(facts)?;
        let by = self.service.keys.verify_approver(&issuer, token, now)?;
        let account = cases::live_phone(&*self.sign_ins, &*self.accounts, &by.phone, now).await?;
        Ok((by, account))
    }
}

/// The client behind a server's request: `Authorization: Basic client:secret` (RFC 7617). An unknown
/// client and a wrong secret look the same.
///
/// # Errors
/// 401, or the store's failure.
pub async fn client(
    service: &Service,
    clients: &dyn Clients,
    headers: &HeaderMap,
) -> Result<Client, Problem> {
    let (id, secret) = basic(headers).ok_or(INVALID_CLIENT)?;
    let client = service.client(clients, &id).await?;
    client.filter(|client| client.is_authenticated_by(&secret)).ok_or(INVALID_CLIENT)
}

/// What everybody is told who is not the client they say.
pub const INVALID_CLIENT: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "invalid_client",
    "Authenticate as a registered client: Authorization: Basic client:secret.",
);

fn basic(headers: &HeaderMap) -> Option<(ClientId, Secret)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 1024 {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((ClientId::parse(id)?, Secret::presented(secret)?))
}
