//! What leaves the service: pushes, messages, pictures, and a record of what was sent.

use async_trait::async_trait;
use thiserror::Error;

use super::StoreError;
use crate::{
    effect::Effect,
    identity::PhoneNumber,
    push::{PushMessage, PushPlatform, PushToken},
    secrets::SessionCode,
    session::PictureName,
    time::Timestamp,
};

/// The result of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The push service accepted it.
    Accepted,
    /// The phone no longer exists. The caller should forget its endpoint.
    Dead,
}

/// Pushes to phones.
#[async_trait]
pub trait Push: Send + Sync {
    /// Whether phones of this platform can be pushed to in this deployment.
    fn serves(&self, platform: PushPlatform) -> bool;

    /// Registers a phone's token with the service; returns the service's address for it. The same token gives the
    /// same address.
    async fn address(&self, platform: PushPlatform, token: &PushToken) -> Result<String, StoreError>;

    /// Sends a message to an address.
    async fn push(
        &self,
        platform: PushPlatform,
        address: &str,
        message: &PushMessage,
    ) -> Result<Pushed, StoreError>;

    /// Makes the service forget an address. An address that it does not know is a success.
    async fn forget(&self, address: &str) -> Result<(), StoreError>;
}

/// A message about an event, with attributes for filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMessage {
    /// Session and version: the same for every copy of the message.
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

/// Why a text message may not arrive.
#[derive(Clone, Debug, Error)]
pub enum SmsError {
    /// The SMS service refused it, so no one gets it.
    #[error(transparent)]
    Refused(StoreError),
    /// No answer came. The message may be on its way, and it is paid for if it is.
    #[error(transparent)]
    Unanswered(StoreError),
}

impl From<SmsError> for StoreError {
    fn from(error: SmsError) -> Self {
        match error {
            SmsError::Refused(why) | SmsError::Unanswered(why) => why,
        }
    }
}

/// Sends text messages.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Hands one message to the SMS service, in one attempt: a second one could send it twice.
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), SmsError>;
}

/// Keeps the pictures of contracts that promise an address for one.
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Stores a picture. The name's ending gives its media type.
    async fn put(&self, name: &PictureName, picture: Vec<u8>) -> Result<(), StoreError>;

    /// The picture with this name, if it is still there.
    async fn get(&self, name: &PictureName) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Records which side effects of a change have already succeeded, so a retried stream record does not repeat
/// them.
#[async_trait]
pub trait Effects: Send + Sync {
    /// The effects noted for this version of a session, with every note that was written before this call.
    async fn noted(&self, code: &SessionCode, version: u64) -> Result<Vec<Effect>, StoreError>;

    /// Notes all effects that have succeeded so far. The note is kept until `until`.
    async fn note(
        &self,
        code: &SessionCode,
        version: u64,
        effects: &[Effect],
        until: Timestamp,
    ) -> Result<(), StoreError>;
}
