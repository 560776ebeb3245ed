//! Tells a person's phones what happened to their account.

use std::sync::Arc;

use saoma_domain::{
    history::EntryId,
    identity::{AccountId, SignInId},
    ports::{Checks, Push, PushEndpoints, StoreError},
    push::{PushKind, PushMessage},
    time::Timestamp,
};

/// The person's phones over their ports.
#[derive(Clone)]
pub struct Notices {
    /// The phones that are pushed to.
    pub endpoints: Arc<dyn PushEndpoints>,
    /// Whether they are still signed in.
    pub checks: Arc<dyn Checks>,
    /// The push service.
    pub push: Arc<dyn Push>,
}

impl Notices {
    /// Pushes an entry of the person's history to their phones that are signed in, all but `not_to`. The history has the
    /// entry already, so a push that fails is logged and not repeated.
    pub async fn tell(
        &self,
        account: AccountId,
        not_to: Option<&SignInId>,
        (kind, entry): (PushKind, &EntryId),
        now: Timestamp,
    ) {
        let message = PushMessage { kind, id: entry.as_str().to_owned() };
        if let Err(error) = self.push_to_all(account, not_to, &message, now).await {
            tracing::warn!(cause = %error, kind = kind.as_str(), "a person's phones could not be told");
        }
    }

    async fn push_to_all(
        &self,
        account: AccountId,
        not_to: Option<&SignInId>,
        message: &PushMessage,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for endpoint in self.endpoints.endpoints(account).await? {
            if Some(&endpoint.owner.sign_in) == not_to {
                continue;
            }
            if self.checks.phone(&endpoint.owner).await?.stands(now).is_err() {
                continue;
            }
            if let Err(error) = self.push.push(endpoint.platform, &endpoint.address, message).await {
                tracing::warn!(cause = %error, "a push failed");
            }
        }
        Ok(())
    }
}
