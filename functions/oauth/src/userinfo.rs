//! What an access token tells about its person (OpenID Connect Core section 5.3).

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    account::Account,
    oauth::{KeyThumbprint, Scope},
};
use saoma_http::{Facts, Problem, auth::presented_token, body::Json};
use serde::Serialize;

use crate::{
    App, behind, cors,
    dpop::{self, UNPROVEN},
    refused::INVALID_TOKEN,
};

/// The claims, as far as the granted scopes go (OpenID Connect Core section 5.4).
#[derive(Serialize)]
struct Claims {
    sub: String,
    #[serde(flatten)]
    profile: Option<Profile>,
    #[serde(flatten)]
    phone: Option<Phone>,
}

#[derive(Serialize)]
struct Profile {
    /// Masked where it is a telephone number.
    name: String,
    preferred_username: String,
    updated_at: u64,
}

#[derive(Serialize)]
struct Phone {
    phone_number: String,
    phone_number_verified: bool,
}

/// `GET` and `POST /oauth/userinfo`. The checks, in order: the token is ours and good now; the client is registered and
/// switched on; the sign-in was not ended; the account may be used; a token that is bound to a key comes with a proof of
/// that key, and another one comes as a bearer token; `openid` was granted.
pub(crate) async fn userinfo(
    State(app): State<App>,
    facts: Facts,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let claims = claims(&app, &facts, &method, &headers).await?;
    Ok(cors::readable(Json(claims).into_response()))
}

async fn claims(app: &App, facts: &Facts, method: &Method, headers: &HeaderMap) -> Result<Claims, Problem> {
    const INSUFFICIENT_SCOPE: Problem =
        Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", "The scope openid was not granted.");
    let (token, scheme) = presented(headers).ok_or(INVALID_TOKEN)?;
    let (granted, account) = behind::access_token(app, facts, token).await?.ok_or(INVALID_TOKEN)?;
    match (&granted.bound_to, scheme) {
        (None, Scheme::Bearer) => {}
        (Some(key), Scheme::Dpop) => is_held(app, facts, method, headers, (key, token))?,
        _ => return Err(INVALID_TOKEN),
    }
    if !granted.scopes.has(Scope::Openid) {
        return Err(INSUFFICIENT_SCOPE);
    }
    Ok(Claims {
        sub: account.id.to_string(),
        profile: granted.scopes.has(Scope::Profile).then(|| profile(&account)),
        phone: granted.scopes.has(Scope::Phone).then(|| phone(&account)).flatten(),
    })
}

/// How a token is presented.
#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    /// With a proof (RFC 9449 section 7.1).
    Dpop,
}

fn presented(headers: &HeaderMap) -> Option<(&str, Scheme)> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bound = authorization.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("dpop").then(|| (token.trim(), Scheme::Dpop))
    });
    bound.or_else(|| presented_token(headers).map(|token| (token, Scheme::Bearer)))
}

/// Checks that the caller has proven the key of its token, for this token.
fn is_held(
    app: &App,
    facts: &Facts,
    method: &Method,
    headers: &HeaderMap,
    (key, token): (&KeyThumbprint, &str),
) -> Result<(), Problem> {
    let proof = dpop::proof(app, facts, headers, (method.as_str(), "/oauth/userinfo"), Some(token));
    let proof = proof.map_err(|problem| if problem.code == UNPROVEN.code { UNPROVEN } else { problem })?;
    let held = proof.is_some_and(|proof| proof.key == *key);
    if held { Ok(()) } else { Err(UNPROVEN) }
}

fn profile(account: &Account) -> Profile {
    Profile {
        name: account.nick_name(),
        preferred_username: account.id.to_string(),
        updated_at: account.credentials_at.secs(),
    }
}

fn phone(account: &Account) -> Option<Phone> {
    let number = account.phone_number.as_ref()?;
    Some(Phone { phone_number: number.as_str().to_owned(), phone_number_verified: true })
}
