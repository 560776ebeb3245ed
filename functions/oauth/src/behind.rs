//! What stands behind a token that a caller brings, if it still counts.

use saoma_domain::{account::Account, client::Client, identity::Phone, session::Dialect};
use saoma_http::{Facts, Problem};
use saoma_tokens::GrantedClaims;

use crate::App;

/// What an access token says, and its person; `None` for a token that is none of ours, is over, or whose client, sign-in
/// or account does not count any more.
pub(crate) async fn access_token(
    app: &App,
    facts: &Facts,
    token: &str,
) -> Result<Option<(GrantedClaims, Account)>, Problem> {
    let (service, now) = (&app.service, app.service.clock.now());
    let issuer = service.public_url(facts.domain())?;
    let Ok(granted) = service.keys.verify_granted(&issuer, token, now).await else { return Ok(None) };
    let client = service.client(&*app.clients, &granted.client).await?;
    let is_theirs =
        |client: &Client| client.dialects.contains(&Dialect::Oauth) && client.is_of(granted.made_at());
    if !client.as_ref().is_some_and(is_theirs) {
        return Ok(None);
    }
    let screen = Phone { account: granted.account, sign_in: granted.sign_in.clone() };
    let stands = app.checks.phone(&screen).await?.stands(now);
    Ok(stands.ok().map(|(_, account)| (granted, account)))
}
