//! Calls to clients' servers: the queue they wait in, and the call itself.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use super::{StoreError, WriteId};
use crate::{client::WebhookUrl, identity::ClientId, secrets::SessionCode, time::Timestamp};

/// A call that waits in the queue. It holds no key and no ticket: a call is signed, and its ticket is made, when it
/// is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedCall {
    /// Whose server is to be called.
    pub client: ClientId,
    /// The message's id: the same for every attempt.
    pub id: String,
    /// When it was put into the queue. A client that was registered later, under the same id, never gets it.
    pub at: Timestamp,
    /// The JSON, without a ticket.
    pub body: String,
    /// The session whose ticket the body carries when it is sent, if it carries one.
    pub ticket_of: Option<SessionCode>,
}

/// Puts calls into the queue.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Puts a call into the queue, among the other calls of its client. A call may be put twice, and has the same id
    /// both times.
    async fn queue(&self, call: &QueuedCall) -> Result<(), StoreError>;
}

/// A call as the queue hands it over.
#[derive(Clone, Debug)]
pub struct WaitingCall {
    /// The queue's own id of the message.
    pub message: String,
    /// What names this handover to the queue.
    pub receipt: String,
    /// How often the queue has handed the message over, this time included.
    pub handovers: u32,
    /// The call, or why the message cannot be read.
    pub call: Result<QueuedCall, StoreError>,
}

/// Makes a call wait in its queue.
#[async_trait]
pub trait Postpone: Send + Sync {
    /// Hides the message of this handover for a while. After that the queue hands it over again.
    async fn postpone(&self, receipt: &str, pause: Duration) -> Result<(), StoreError>;
}

/// The calls that clients' servers did not take in time.
#[async_trait]
pub trait FailedCalls: Send + Sync {
    /// Some of the calls, out of sight of others for so long. Empty when no call is in sight.
    async fn take(&self, hidden: Duration) -> Result<Vec<WaitingCall>, StoreError>;

    /// Ends the time for which a call that was taken is out of sight.
    async fn show_again(&self, receipt: &str) -> Result<(), StoreError>;

    /// Removes a call that was taken.
    async fn remove(&self, receipt: &str) -> Result<(), StoreError>;
}

/// Whether an instance may wait for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may, and no other instance does meanwhile.
    Ours {
        /// How often running the server did not answer.
        hangs: u32,
    },
    /// Another instance waits for the server, or the server rests: not before this moment.
    NotBefore(Timestamp),
}

/// The servers that may hang. One instance at a time waits for such a server, so all its clients' calls together hold
/// up one instance at most (`docs/security.md` K13).
#[async_trait]
pub trait Servers: Send + Sync {
    /// Takes the turn to call this client's server, until `until` at the latest, as one atomic step. Asking again with
    /// the same `write` succeeds again.
    async fn turn(
        &self,
        client: &ClientId,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<Turn, StoreError>;

    /// Gives the turn of this `write` back, because the server answered. Its hangs are forgotten. A turn that another
    /// instance has taken meanwhile stays.
    async fn answered(&self, client: &ClientId, write: &WriteId) -> Result<(), StoreError>;

    /// Lets the server rest, because it did not answer, this many times running.
    async fn rest(&self, client: &ClientId, hangs: u32, until: Timestamp) -> Result<(), StoreError>;
}

/// One call to a client's server.
#[derive(Clone)]
pub struct Webhook {
    /// The address of the client's server.
    pub url: WebhookUrl,
    /// The message's id: the same for every copy.
    pub id: String,
    /// When it is sent. The signature covers it.
    pub at: Timestamp,
    /// The JSON.
    pub body: String,
    /// The keys it is signed with; more than one while keys are being changed.
    pub keys: Vec<[u8; 32]>,
}

/// Calls clients' servers. Each call is signed and has a time limit; none goes to a private address or follows a
/// redirect.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Makes one attempt. The server has `limit` to accept the message.
    async fn call(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallError>;
}

/// A call that the server did not accept. The message is for logs. It names the server's host and not the path, which
/// may hold a secret of the client.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("webhook to {host}: {why}")]
pub struct CallError {
    /// The host of the client's server.
    pub host: String,
    /// What happened.
    pub why: CallFailure,
}

/// Why a server did not accept a call.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallFailure {
    /// Its time was over before it answered.
    #[error("no answer in time")]
    NoAnswer,
    /// It answered 410: it never wants this message.
    #[error("answered 410")]
    Gone,
    /// It answered with another status that is no success.
    #[error("answered {status}")]
    Refused {
        /// The status.
        status: u16,
        /// How long it asks us to wait, if it does.
        retry_after: Option<Duration>,
    },
    /// No connection came about.
    #[error("{0}")]
    NotReached(String),
    /// We may not call this address (`docs/security.md` H9).
    #[error("{0}")]
    NotAllowed(String),
}

impl CallFailure {
    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::NotReached(_) => true,
            Self::NoAnswer | Self::Gone | Self::NotAllowed(_) => false,
        }
    }
}
