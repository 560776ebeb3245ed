//! A person's phones.

use saoma_domain::{
    client::Client,
    identity::{AccountId, Phone, SignInId},
    ports::{Pushed, StoreError},
    push::PushMessage,
};

use crate::App;

/// What a phone is to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It may hear of it, and answer.
    Admitted,
    /// Its app may not: to it there is no such login (`docs/security.md` A17).
    NotAdmitted,
    /// It is not signed in any more (I7).
    SignedOut,
}

/// How a phone of this person stands to a login of `client`; `None` is what concerns every phone.
pub(crate) async fn reach(
    app: &App,
    account: AccountId,
    phone: &SignInId,
    client: Option<&Client>,
) -> Result<Reach, StoreError> {
    let now = app.service.clock.now();
    let phone = Phone { account, sign_in: phone.clone() };
    let sign_in = app.checks.phone(&phone).await?.sign_in;
    Ok(match sign_in.filter(|it| it.is_live(now)) {
        None => Reach::SignedOut,
        Some(it) if client.is_none_or(|client| client.admits(&it.client)) => Reach::Admitted,
        Some(_) => Reach::NotAdmitted,
    })
}

/// Pushes to all phones of a person that may hear of it; how many took it. A phone that is no more, or
/// signed out, is forgotten; one that fails does not keep the others from theirs.
///
/// # Errors
/// When the phones cannot be found out.
pub(crate) async fn push_to_all(
    app: &App,
    account: AccountId,
    client: Option<&Client>,
    message: &PushMessage,
) -> Result<usize, StoreError> {
    let mut taken = 0;
    for endpoint in app.endpoints.endpoints(account).await? {
        let pushed = match reach(app, account, &endpoint.owner.sign_in, client).await? {
            Reach::Admitted => app.push.push(endpoint.platform, &endpoint.address, message).await,
            Reach::NotAdmitted => continue,
            Reach::SignedOut => Ok(Pushed::Dead),
        };
        match pushed {
            Ok(Pushed::Accepted) => taken += 1,
            Ok(Pushed::Dead) => {
                app.endpoints.forget(account, &endpoint.token).await?;
                app.push.forget(&endpoint.address).await?;
            }
            Err(error) => tracing::warn!(cause = %error, "a push failed"),
        }
    }
    Ok(taken)
}
