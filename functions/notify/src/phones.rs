//! A person's phones.

use saoma_domain::{
    client::Client,
    identity::{AccountId, Phone, SignInId},
    ports::{Pushed, StoreError},
    push::PushMessage,
};

use crate::App;

/// The relation of a phone to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It may see the login, and answer.
    Admitted,
    /// The client does not admit its app, so the login is unknown to it (`docs/security.md` A17).
    NotAdmitted,
    /// It is no longer signed in (I7).
    SignedOut,
}

/// The relation of a phone of this person to a login of `client`. `None` is for a notice to every phone.
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
        Some(it) if client.is_none_or(|client| client.admits_sign_in(&it)) => Reach::Admitted,
        Some(_) => Reach::NotAdmitted,
    })
}

/// Pushes to all phones of a person that may see the message. Returns how many pushes were accepted. A phone that no
/// longer exists or is signed out is forgotten, unless it has signed in again meanwhile. A push that fails does not stop the others.
///
/// # Errors
/// When the person's phones cannot be read.
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
                if app.endpoints.forget(&endpoint).await? {
                    app.push.forget(&endpoint.address).await?;
                }
            }
            Err(error) => tracing::warn!(cause = %error, "a push failed"),
        }
    }
    Ok(taken)
}
