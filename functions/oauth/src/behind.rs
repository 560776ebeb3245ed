//! What stands behind a token that a caller brings, if it still counts.

use saoma_domain::{
    account::Account, client::Client, identity::Phone, ports::StoreError, session::Dialect, time::Timestamp,
};
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
    let account = person(app, &granted, now).await?;
    Ok(account.map(|account| (granted, account)))
}

/// The person of a token, by the sign-in that refreshes it, or by the account alone where there is none.
async fn person(app: &App, granted: &GrantedClaims, now: Timestamp) -> Result<Option<Account>, StoreError> {
    if let Some(id) = &granted.sign_in {
        let screen = Phone { account: granted.account, sign_in: id.clone() };
        return Ok(app.checks.phone(&screen).await?.stands(now).ok().map(|(_, account)| account));
    }
    let account = app.accounts.account(granted.account).await?;
    Ok(account.filter(|account| account.vouches_for(granted.made_at())))
}
