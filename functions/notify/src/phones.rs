//! A person's phones.

use saoma_domain::{
    identity::AccountId,
    ports::{Pushed, StoreError},
    push::PushMessage,
};

use crate::App;

/// Pushes to all phones of a person that are still signed in; how many took it. A phone that is no
/// more, or signed out, is forgotten; one that fails does not keep the others from theirs.
///
/// # Errors
/// When the phones cannot be found out.
pub(crate) async fn push_to_all(
    app: &App,
    account: AccountId,
    message: &PushMessage,
) -> Result<usize, StoreError> {
    let now = app.service.clock.now();
    let mut taken = 0;
    for endpoint in app.endpoints.endpoints(account).await? {
        let sign_in = app.sign_ins.sign_in(&endpoint.owner.phone).await?;
        let live = sign_in.is_some_and(|sign_in| sign_in.account == account && sign_in.is_live(now));
        let pushed = if live {
            app.push.push(endpoint.platform, &endpoint.address, message).await
        } else {
            Ok(Pushed::Dead)
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
