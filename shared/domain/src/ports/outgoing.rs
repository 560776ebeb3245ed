//! What goes out: to phones, to clients' servers, and where an address shows it.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    client::WebhookUrl,
    effect::Effect,
    identity::PhoneNumber,
    push::{PushMessage, PushPlatform, PushToken},
    secrets::SessionCode,
    session::PictureName,
    time::Timestamp,
};

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The service took it.
    Accepted,
    /// There is no such phone any more; its endpoint is to be forgotten.
    Dead,
}

/// Pushes to phones.
#[async_trait]
pub trait Push: Send + Sync {
    /// Whether phones of this platform can be pushed to in this deployment.
    fn serves(&self, platform: PushPlatform) -> bool;

    /// The service's address for a phone's token. The same token gives the same address.
    async fn address(&self, platform: PushPlatform, token: &PushToken) -> Result<String, StoreError>;

    /// Sends a message to an address.
    async fn push(
        &self,
        platform: PushPlatform,
        address: &str,
        message: &PushMessage,
    ) -> Result<Pushed, StoreError>;

    /// Has the service forget an address. One it does not know is forgotten already.
    async fn forget(&self, address: &str) -> Result<(), StoreError>;
}

/// A message about an event, with what to filter it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMessage {
    /// Session and version; the same however often the message is sent.
    pub event_id: String,
    /// The client's id.
    pub region: String,
    /// What happened.
    pub result_type: &'static str,
    /// The JSON.
    pub body: String,
}

/// The topic of login events.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Publishes a message, with `region`, `resultType` and `eventId` as attributes.
    async fn publish(&self, message: &TopicMessage) -> Result<(), StoreError>;
}

/// One call to a client's server.
#[derive(Clone)]
pub struct Webhook {
    /// Where to.
    pub url: WebhookUrl,
    /// The message's id: the same however often it is sent.
    pub id: String,
    /// When it is sent: part of what is signed.
    pub at: Timestamp,
    /// The JSON.
    pub body: String,
    /// The keys it is signed with; more than one while keys are being changed.
    pub keys: Vec<[u8; 32]>,
}

/// Calls clients' servers: signed, timed, never to a private address, following no redirect.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Delivers one message, trying again for a moment. An error means that it was not taken.
    async fn deliver(&self, webhook: &Webhook) -> Result<(), StoreError>;
}

/// Sends text messages.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Hands one message over for delivery.
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), StoreError>;
}

/// Keeps pictures where a contract promises an address.
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Stores a picture, as what its name says it is.
    async fn put(&self, name: &PictureName, picture: Vec<u8>) -> Result<(), StoreError>;

    /// The picture with this name, if it is still there.
    async fn get(&self, name: &PictureName) -> Result<Option<Vec<u8>>, StoreError>;
}

/// What has come about of changes whose records are brought again.
#[async_trait]
pub trait Effects: Send + Sync {
    /// The effects noted of this version of a session; it may miss none that was noted before.
    async fn noted(&self, code: &SessionCode, version: u64) -> Result<Vec<Effect>, StoreError>;

    /// Notes all effects that have come about, until then.
    async fn note(
        &self,
        code: &SessionCode,
        version: u64,
        effects: &[Effect],
        until: Timestamp,
    ) -> Result<(), StoreError>;
}
