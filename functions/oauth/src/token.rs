//! The token endpoint (RFC 6749 section 3.2): one file for each grant.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    client::Client,
    oauth::{GrantType, KeyThumbprint},
};
use saoma_http::{
    Facts, Problem,
    body::{Form, Json},
    query::Query,
};

use crate::{
    App, auth_req_id, authorization_code,
    client::{Authenticated, client_for},
    cors, device_code, dpop,
    issue::Tokens,
    refresh,
    refused::missing,
    spend::Spends,
};

/// A verified request for tokens.
pub(crate) struct Asking<'a> {
    /// The client, as last written.
    pub(crate) client: Client,
    /// The key that it proves to have (RFC 9449).
    pub(crate) key: Option<KeyThumbprint>,
    /// What the request uses once. It is spent before the guarded write of its grant.
    pub(crate) spends: Spends,
    /// The other parameters.
    pub(crate) form: &'a Query,
    /// What API Gateway says about the caller.
    pub(crate) facts: &'a Facts,
}

/// `POST /oauth/token`. Any page may call it, because no cookie takes part.
pub(crate) async fn token(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Problem> {
    let tokens = grant(&app, &facts, &headers, &form).await?;
    Ok(cors::readable(Json(tokens).into_response()))
}

async fn grant(app: &App, facts: &Facts, headers: &HeaderMap, form: &Query) -> Result<Tokens, Problem> {
    const UNSUPPORTED: Problem =
        Problem::bad_request("unsupported_grant_type", "The metadata lists the grants that there are.");
    let named = form.get("grant_type").ok_or(missing("grant_type is missing."))?;
    let grant = GrantType::of_wire(named).ok_or(UNSUPPORTED)?;
    let client = async || client_for(app, facts, headers, form, grant).await;
    let asking = |found| asking(app, facts, headers, form, found);
    match grant {
        GrantType::AuthorizationCode => {
            let code = authorization_code::unsealed(app, facts, form).await?;
            let exchange = async |found| authorization_code::exchange(app, &asking(found)?, &code).await;
            client().await?.answered(exchange).await
        }
        GrantType::DeviceCode => {
            client().await?.answered(async |found| device_code::exchange(app, &asking(found)?).await).await
        }
        GrantType::Ciba => {
            client().await?.answered(async |found| auth_req_id::exchange(app, &asking(found)?).await).await
        }
        GrantType::RefreshToken => {
            client().await?.answered(async |found| refresh::exchange(app, &asking(found)?).await).await
        }
    }
}

/// What a client that has proven itself asks for.
fn asking<'a>(
    app: &App,
    facts: &'a Facts,
    headers: &HeaderMap,
    form: &'a Query,
    Authenticated { client, mut spends }: Authenticated,
) -> Result<Asking<'a>, Problem> {
    let proof = dpop::proof(app, facts, headers, ("POST", "/oauth/token"), None)?;
    if let Some(proof) = &proof {
        spends.add(dpop::used(app, proof), dpop::INVALID_PROOF);
    }
    Ok(Asking { client, key: proof.map(|proof| proof.key), spends, form, facts })
}
