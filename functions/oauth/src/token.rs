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

impl Asking<'_> {
    /// The answer of its grant. A refusal names the client, for the log.
    fn told(&self, tokens: Result<Tokens, Problem>) -> Result<Tokens, Problem> {
        tokens.map_err(|problem| problem.of_client(&self.client.id))
    }
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
    let asking = async || {
        let Authenticated { client, mut spends } = client_for(app, facts, headers, form, grant).await?;
        let proof = dpop::proof(app, facts, headers, ("POST", "/oauth/token"), None)?;
        if let Some(proof) = &proof {
            spends.add(dpop::used(app, proof), dpop::INVALID_PROOF);
        }
        Ok::<_, Problem>(Asking { client, key: proof.map(|proof| proof.key), spends, form, facts })
    };
    match grant {
        GrantType::AuthorizationCode => {
            let code = authorization_code::unsealed(app, facts, form).await?;
            let asking = asking().await?;
            asking.told(authorization_code::exchange(app, &asking, &code).await)
        }
        GrantType::DeviceCode => {
            let asking = asking().await?;
            asking.told(device_code::exchange(app, &asking).await)
        }
        GrantType::Ciba => {
            let asking = asking().await?;
            asking.told(auth_req_id::exchange(app, &asking).await)
        }
        GrantType::RefreshToken => {
            let asking = asking().await?;
            asking.told(refresh::exchange(app, &asking).await)
        }
    }
}
