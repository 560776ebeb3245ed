//! Which client calls (RFC 6749 section 2.3).

use axum::http::{HeaderMap, header};
use saoma_domain::{
    client::Client,
    identity::ClientId,
    oauth::{ClientAuth, GrantType},
    secrets::Secret,
    session::Dialect,
};
use saoma_http::{
    Problem,
    auth::{INVALID_CLIENT, basic_credentials},
    query::Query,
};

use crate::{
    App,
    refused::{UNAUTHORIZED_CLIENT, missing},
};

/// What a request says about its client. Nothing of it is verified.
struct Claimed {
    id: String,
    secret: Option<String>,
}

/// The client that a request comes from, as last written. The checks, in order: the request names one client, in one
/// way; it is registered, switched on, and speaks OAuth; it proves itself as it is registered to.
///
/// # Errors
/// `invalid_request` for two ways at once, `invalid_client`, or the store's failure.
pub(crate) async fn client(app: &App, headers: &HeaderMap, form: &Query) -> Result<Client, Problem> {
    let Claimed { id, secret } = claimed(headers, form)?;
    let id = ClientId::parse(&id).ok_or(INVALID_CLIENT)?;
    let found = app.service.client_now(&*app.clients, &id).await?;
    let client = found.filter(|client| client.dialects.contains(&Dialect::Oauth)).ok_or(INVALID_CLIENT)?;
    let proven = match client.oauth.auth {
        ClientAuth::None => true,
        ClientAuth::ClientSecret => {
            let secret = secret.as_deref().and_then(Secret::presented);
            secret.is_some_and(|secret| client.is_authenticated_by(&secret, app.service.clock.now()))
        }
    };
    if proven { Ok(client) } else { Err(INVALID_CLIENT) }
}

/// The same, if the client may use this grant.
///
/// # Errors
/// `unauthorized_client` besides.
pub(crate) async fn client_for(
    app: &App,
    headers: &HeaderMap,
    form: &Query,
    grant: GrantType,
) -> Result<Client, Problem> {
    let client = client(app, headers, form).await?;
    if client.oauth.grants.contains(&grant) { Ok(client) } else { Err(UNAUTHORIZED_CLIENT) }
}

fn claimed(headers: &HeaderMap, form: &Query) -> Result<Claimed, Problem> {
    const TWO_WAYS: Problem =
        missing("Authenticate in one way: Authorization: Basic, or client_secret in the body.");
    let named = form.get("client_id").map(str::to_owned);
    let posted = form.get("client_secret").map(str::to_owned);
    if !headers.contains_key(header::AUTHORIZATION) {
        let id = named.ok_or(missing("client_id is missing."))?;
        return Ok(Claimed { id, secret: posted });
    }
    let (id, secret) = basic_credentials(headers).ok_or(INVALID_CLIENT)?;
    if posted.is_some() || named.is_some_and(|named| named != id) {
        return Err(TWO_WAYS);
    }
    Ok(Claimed { id, secret: Some(secret) })
}
