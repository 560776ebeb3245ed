//! Sockets of screens and phones that wait, as every function sees them: what they are told of their socket, and how a
//! failure to tell them is logged.

use std::sync::Arc;

use async_trait::async_trait;
use saoma_domain::{
    identity::AccountId,
    ports::{StoreError, Tell},
    session::Session,
    time::Timestamp,
    watching::{WatchRef, Watcher},
};
use serde::Serialize;

use crate::Service;

/// What a screen needs to watch its session (`docs/web.md`), or a phone the questions to its person (`docs/remembered.md`).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Socket {
    /// The address of the WebSocket API.
    pub socket_url: String,
    /// The token to offer there as a subprotocol. It is no secret of the screen: it only allows watching.
    pub watch: String,
}

impl Service {
    /// The socket of a session that was opened just now; `None` where sockets are switched off.
    #[must_use]
    pub fn socket(&self, issuer: &str, session: &Session) -> Option<Socket> {
        let socket_url = self.settings.socket_url.clone()?;
        // No claims make signing fail. A screen without a socket asks by itself.
        let watch = self.keys.mint_watch(issuer, session, self.clock.now()).ok()?;
        Some(Socket { socket_url, watch })
    }

    /// The socket of a phone that waits for questions to its person; `None` where sockets are switched off.
    #[must_use]
    pub fn socket_for_person(&self, issuer: &str, person: AccountId) -> Option<Socket> {
        let socket_url = self.settings.socket_url.clone()?;
        let watch = self.keys.mint_person_watch(issuer, person, self.clock.now()).ok()?;
        Some(Socket { socket_url, watch })
    }
}

/// Logs when screens could not be told, for callers that go on all the same.
pub struct LoggedTell(pub Arc<dyn Tell>);

#[async_trait]
impl Tell for LoggedTell {
    async fn tell(&self, session: &WatchRef, watchers: &[Watcher], now: Timestamp) -> Result<(), StoreError> {
        self.0.tell(session, watchers, now).await.inspect_err(|error| {
            tracing::warn!(cause = %error, watchers = watchers.len(), "screens could not be told");
        })
    }

    async fn tell_person(&self, person: AccountId, now: Timestamp) -> Result<(), StoreError> {
        self.0.tell_person(person, now).await.inspect_err(|error| {
            tracing::warn!(cause = %error, "a person's phones could not be told");
        })
    }
}
