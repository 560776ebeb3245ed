//! Tells a person that another account has registered the push token of one of their phones.

use saoma_domain::{
    history::EntryId,
    identity::AccountId,
    ports::StoreError,
    push::{PushKind, PushMessage},
};

use crate::App;

/// Pushes to the person's other phones that are signed in (`docs/security.md` H8). The history has the entry already,
/// so a push that fails is logged and not repeated.
pub(crate) async fn that_a_token_was_taken(app: &App, loser: AccountId, entry: &EntryId) {
    if let Err(error) = push_to_others(app, loser, entry).await {
        tracing::warn!(cause = %error, "a person could not be told that a push token was taken");
    }
}

async fn push_to_others(app: &App, loser: AccountId, entry: &EntryId) -> Result<(), StoreError> {
    let message = PushMessage { kind: PushKind::PushTaken, id: entry.as_str().to_owned() };
    let now = app.service.clock.now();
    for endpoint in app.endpoints.endpoints(loser).await? {
        if app.checks.phone(&endpoint.owner).await?.stands(now).is_err() {
            continue;
        }
        if let Err(error) = app.push.push(endpoint.platform, &endpoint.address, &message).await {
            tracing::warn!(cause = %error, "a push failed");
        }
    }
    Ok(())
}
