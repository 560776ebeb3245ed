//! What an access token tells about its person (OpenID Connect Core section 5.3).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use saoma_domain::{account::Account, oauth::Scope};
use saoma_http::{Facts, Problem, auth::presented_token, body::Json};
use serde::Serialize;

use crate::{App, behind, cors, refused::INVALID_TOKEN};

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
/// switched on; the sign-in was not ended; the account may be used; `openid` was granted.
pub(crate) async fn userinfo(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let claims = claims(&app, &facts, &headers).await?;
    Ok(cors::readable(Json(claims).into_response()))
}

async fn claims(app: &App, facts: &Facts, headers: &HeaderMap) -> Result<Claims, Problem> {
    const INSUFFICIENT_SCOPE: Problem =
        Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", "The scope openid was not granted.");
    let token = presented_token(headers).ok_or(INVALID_TOKEN)?;
    let (granted, account) = behind::access_token(app, facts, token).await?.ok_or(INVALID_TOKEN)?;
    if !granted.scopes.has(Scope::Openid) {
        return Err(INSUFFICIENT_SCOPE);
    }
    Ok(Claims {
        sub: account.id.to_string(),
        profile: granted.scopes.has(Scope::Profile).then(|| profile(&account)),
        phone: granted.scopes.has(Scope::Phone).then(|| phone(&account)).flatten(),
    })
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
