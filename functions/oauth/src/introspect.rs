//! A client's server asks what a token of its own is worth (RFC 7662).

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases::SignInError,
    client::Client,
    oauth::{ClientAuth, KeyThumbprint},
    secrets::Secret,
    sign_in::Holder,
};
use saoma_http::{
    Facts, Problem,
    auth::INVALID_CLIENT,
    body::{Form, Json},
    query::Query,
};
use serde::Serialize;

use crate::{App, behind, client::client, dpop, refused::missing};

/// The answer. A token that is not this client's, or does not count, is only `{"active": false}`.
#[derive(Default, Serialize)]
pub(crate) struct Worth {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// The key that the token is bound to (RFC 9449 section 6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

#[derive(Serialize)]
struct Confirmation {
    jkt: String,
}

impl Confirmation {
    fn of(key: &KeyThumbprint) -> Self {
        Self { jkt: key.to_string() }
    }
}

/// `POST /oauth/introspect`. Only a client that proves itself may ask, and only about its own tokens (`docs/security.md`
/// E17).
pub(crate) async fn introspect(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Json<Worth>, Problem> {
    let found = client(&app, &facts, &headers, &form).await?;
    found.answered(|found| worth(&app, &facts, &form, found.client)).await.map(Json)
}

async fn worth(app: &App, facts: &Facts, form: &Query, client: Client) -> Result<Worth, Problem> {
    if client.oauth.auth == ClientAuth::None {
        return Err(INVALID_CLIENT);
    }
    let token = form.get("token").ok_or(missing("token is missing."))?;
    let issuer = app.service.public_url(facts.domain())?;
    match refresh_token(app, &client, token, &issuer).await? {
        Some(worth) => Ok(worth),
        None => Ok(access_token(app, &client, facts, token, &issuer).await?.unwrap_or_default()),
    }
}

async fn access_token(
    app: &App,
    client: &Client,
    facts: &Facts,
    token: &str,
    issuer: &str,
) -> Result<Option<Worth>, Problem> {
    let found = behind::access_token(app, facts, token).await?;
    let own = found.filter(|(granted, _)| granted.client == client.id);
    Ok(own.map(|(granted, account)| Worth {
        active: true,
        scope: Some(granted.scopes.to_string()),
        client_id: Some(client.id.to_string()),
        token_type: Some(if granted.bound_to.is_some() { "DPoP" } else { "Bearer" }),
        cnf: granted.bound_to.as_ref().map(Confirmation::of),
        exp: Some(granted.expires_at.secs()),
        iat: Some(granted.issued_at.secs()),
        sub: Some(account.id.to_string()),
        jti: Some(granted.id.as_str().to_owned()),
        iss: Some(issuer.to_owned()),
    }))
}

/// A refresh token counts while it can still be exchanged: the newest, and the one before it for a while. Asking does
/// not use it up.
async fn refresh_token(
    app: &App,
    client: &Client,
    token: &str,
    issuer: &str,
) -> Result<Option<Worth>, Problem> {
    let Some(secret) = Secret::presented(token) else { return Ok(None) };
    let now = app.service.clock.now();
    let (found, generation) = match app.screens.behind(client, &secret, now).await {
        Ok(found) => found,
        Err(SignInError::Store(error)) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let Holder::Screen { scopes, key, .. } = &found.sign_in.holder else { return Ok(None) };
    if !app.screens.is_good(&found.sign_in, generation, now) {
        return Ok(None);
    }
    Ok(Some(Worth {
        active: true,
        scope: Some(scopes.to_string()),
        client_id: Some(client.id.to_string()),
        cnf: dpop::binding(client, key.as_ref()).map(Confirmation::of),
        exp: Some(found.sign_in.expires_at.secs()),
        sub: Some(found.account.id.to_string()),
        iss: Some(issuer.to_owned()),
        ..Worth::default()
    }))
}
