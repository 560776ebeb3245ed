//! The tokens that every grant ends in (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).

use saoma_domain::{
    cases::{Redeemed, Renewed, Subject},
    identity::{AccountId, SignInId},
    issuer::TokenAlgorithm,
    oauth::{GrantType, Scope, Scopes},
    refresh::refresh_token,
    secrets::TokenId,
    sign_in::{Method, SignIn},
    time::Timestamp,
};
use saoma_http::Problem;
use saoma_tokens::{AccessToken, Allows, IdToken};
use serde::Serialize;

use crate::{
    App,
    refused::{INVALID_GRANT, sign_in_over},
    token::Asking,
};

/// The answer of the token endpoint.
#[derive(Serialize)]
pub(crate) struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    scope: String,
}

/// What the tokens say.
struct Contents<'a> {
    account: AccountId,
    method: Method,
    scopes: Scopes,
    sign_in: Option<&'a SignInId>,
    nonce: Option<&'a str>,
    authenticated_at: Timestamp,
    id: &'a TokenId,
    at: Timestamp,
}

/// The tokens of a redeemed session. The same redemption gives the same tokens, to the byte. Every login has a sign-in, so
/// that its person can end it; a client that is registered to refresh gets a refresh token of it. A person ends what their
/// history lists, so a login whose entry is not stored begins no sign-in: the client asks again.
pub(crate) async fn first(
    app: &App,
    asking: &Asking<'_>,
    redeemed: &Redeemed,
    nonce: Option<&str>,
) -> Result<Tokens, Problem> {
    let session = &redeemed.session;
    if !redeemed.in_history {
        let unlisted = Problem::unavailable("the login is not in its person's history yet");
        return Err(unlisted.about(Some(Subject::of(session))));
    }
    let scopes = session.flow.scopes().ok_or(INVALID_GRANT)?;
    app.asked.remember(&asking.client, redeemed, app.service.clock.now()).await?;
    let sign_in = app.screens.begin(redeemed, scopes, asking.key.clone()).await.map_err(sign_in_over)?;
    let refreshes = asking.client.oauth.grants.contains(&GrantType::RefreshToken);
    let contents = Contents {
        account: redeemed.account.id,
        method: redeemed.method,
        scopes,
        sign_in: Some(&sign_in.id),
        nonce,
        authenticated_at: session.state.claim().map_or(redeemed.redemption.at, |claim| claim.at),
        id: &redeemed.redemption.id,
        at: redeemed.redemption.at,
    };
    minted(app, asking, &contents, refreshes.then_some(&sign_in)).await
}

/// The tokens of a sign-in that was refreshed. `scopes` are the ones that the client asks for now.
pub(crate) async fn next(
    app: &App,
    asking: &Asking<'_>,
    renewed: &Renewed,
    scopes: Scopes,
) -> Result<Tokens, Problem> {
    let sign_in = &renewed.sign_in;
    let contents = Contents {
        account: renewed.account.id,
        method: sign_in.method,
        scopes,
        sign_in: Some(&sign_in.id),
        nonce: None,
        authenticated_at: sign_in.proved_at,
        id: &TokenId::random(&*app.service.random),
        at: app.service.clock.now(),
    };
    minted(app, asking, &contents, Some(sign_in)).await
}

async fn minted(
    app: &App,
    asking: &Asking<'_>,
    contents: &Contents<'_>,
    sign_in: Option<&SignIn>,
) -> Result<Tokens, Problem> {
    let (service, client) = (&app.service, &asking.client.id);
    let issuer = &service.public_url(asking.facts.domain())?;
    let life = service.settings.access_token_life;
    let algorithm = asking.client.oauth.signed;
    if algorithm == TokenAlgorithm::Rs256 {
        service.keys.learn_rsa().await;
    }
    let access = service.keys.mint(&AccessToken {
        issuer,
        audience: client.as_str(),
        account: contents.account,
        client,
        id: contents.id,
        allows: Allows::Granted(contents.scopes),
        sign_in: contents.sign_in,
        bound_to: asking.key.as_ref(),
        method: contents.method,
        at: contents.at,
        life,
        algorithm,
    })?;
    let id_token = IdToken {
        issuer,
        client,
        account: contents.account,
        nonce: contents.nonce,
        authenticated_at: contents.authenticated_at,
        method: contents.method,
        sign_in: contents.sign_in,
        access_token: &access.token,
        at: contents.at,
        life,
        algorithm,
    };
    let wants_id = contents.scopes.has(Scope::Openid);
    let id_token = wants_id.then(|| service.keys.mint_id_token(&id_token)).transpose()?;
    let refresh_token = match sign_in {
        Some(sign_in) => Some(refresh_token(&*service.keys, sign_in).await.reveal().to_owned()),
        None => None,
    };
    Ok(Tokens {
        token_type: if asking.key.is_some() { "DPoP" } else { "Bearer" },
        expires_in: access.expires_in.as_secs(),
        access_token: access.token,
        refresh_token,
        id_token,
        scope: contents.scopes.to_string(),
    })
}
