//! Whom a client's server wants asked (CIBA Core section 7.1).

use saoma_domain::{
    account::{Account, AccountStatus},
    client::Client,
    identity::{AccountId, Identity, PhoneNumber},
};
use saoma_http::{Facts, Problem, query::Query};

use crate::{App, refused::missing};

/// The active account that the request's hint names; `None` if it names none. An ID token that was issued to this client is
/// good as a hint after its time is over, too.
///
/// # Errors
/// `invalid_request` unless there is exactly one hint, and it is `login_hint` or an `id_token_hint` of this client's; or the
/// store's failure.
pub(crate) async fn account(
    app: &App,
    facts: &Facts,
    client: &Client,
    form: &Query,
) -> Result<Option<AccountId>, Problem> {
    const NONE: Problem = missing("Exactly one of login_hint and id_token_hint says whom to ask.");
    const NOT_OURS: Problem = missing("id_token_hint is no ID token of this client.");
    const TOKEN: Problem = missing("login_hint_token is not supported: send login_hint or id_token_hint.");
    if form.get("login_hint_token").is_some() {
        return Err(TOKEN);
    }
    let found = match (form.get("login_hint"), form.get("id_token_hint")) {
        (Some(hint), None) => named(app, hint).await?,
        (None, Some(token)) => {
            let issuer = app.service.public_url(facts.domain())?;
            let account = app.service.keys.open_id_token(&issuer, &client.id, token).await;
            app.accounts.account(account.map_err(|_| NOT_OURS)?).await?
        }
        _ => return Err(NONE),
    };
    Ok(found.filter(|account| account.status == AccountStatus::Active).map(|account| account.id))
}

/// The account of a number: its own, or a telephone number.
async fn named(app: &App, hint: &str) -> Result<Option<Account>, Problem> {
    if let Some(id) = AccountId::written(hint) {
        return Ok(app.accounts.account(id).await?);
    }
    let Some(number) = PhoneNumber::written(hint) else { return Ok(None) };
    let found = app.accounts.account_by(&Identity::Phone(number)).await?;
    if found.is_none() {
        // A known number costs this second read, too, so the time of the answer does not tell the two apart.
        app.accounts.account(AccountId::random(&*app.service.random)).await?;
    }
    Ok(found)
}
