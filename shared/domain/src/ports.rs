//! What the rules need from the world.
//!
//! Each trait is narrow, so that a function holds only what it uses and its IAM policy can list the
//! same. Absence is `Option`; an `Err` means the world failed, and the caller may try again.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    account::{Account, Visits},
    client::{Client, Origin, WebhookUrl},
    identity::{AccountId, ClientId, Phone, PhoneId, PhoneNumber},
    pairing::{Pairing, Trace},
    push::{PushEndpoint, PushMessage, PushPlatform, PushToken, PushTokenId},
    secrets::SessionCode,
    session::{Change, DeviceId, LoginPolicy, PictureName, Session, TraceId},
    sign_in::SignIn,
    sms_code::SmsChallenge,
    text::CleanText,
    time::Timestamp,
};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`. An implementation that cannot must not return.
    fn fill(&self, bytes: &mut [u8]);
}

/// A keyed hash (HMAC-SHA256) under a key that is not in any table: for values too short to be
/// hashed bare, and for tokens that need no record of their own.
pub trait KeyedHash: Send + Sync {
    /// The hash of `parts` for one `purpose`; the boundaries between parts count.
    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> [u8; 32];
}

/// The world failed: the store or a service could not be reached, refused or answered nonsense.
/// The message is for logs, never for callers.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct StoreError(pub Arc<str>);

impl StoreError {
    /// From anything that says what happened.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self(message.into())
    }

    /// From the error of a call, with all its causes.
    #[must_use]
    pub fn at(call: &str, error: &dyn std::error::Error) -> Self {
        let mut message = format!("{call}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self::new(message)
    }
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// May be a moment old; half the price. Enough for a poll.
    Eventual,
    /// What was last written.
    Strong,
}

/// What became of a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Stored,
    /// The code is taken; nothing was touched.
    Collision,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is stored; this is the session now.
    Stored(Session),
    /// The stored session was not the one decided on; this is what it is. Nothing was touched.
    Behind(Session),
    /// There is no such session.
    Gone,
}

/// The sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a new session unless its code is taken.
    async fn create(&self, session: &Session) -> Result<Created, StoreError>;

    /// The session with this code, expired or not: what is past its time may linger for days, and
    /// callers compare `expires_at` themselves.
    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError>;

    /// Stores `change` if [`Change::may_replace`] holds of what is stored, in one step that no other
    /// write can come between.
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError>;
}

/// The registered clients.
#[async_trait]
pub trait Clients: Send + Sync {
    /// The client with this id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// Whether any client has registered pages of this origin.
    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError>;
}

/// The people.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account with this number, whatever its status.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account that signs in with this telephone number.
    async fn account_by_phone(&self, number: &PhoneNumber) -> Result<Option<Account>, StoreError>;

    /// Stores a new account and its telephone number together; `false`, and nothing stored, when
    /// either is taken.
    async fn register(&self, account: &Account) -> Result<bool, StoreError>;

    /// Counts the login that `session` is, once however often it is told of it in a row.
    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// What is known of an account's logins.
    async fn visits(&self, id: AccountId) -> Result<Visits, StoreError>;
}

/// The phones that are signed in.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// The sign-in with this id.
    async fn sign_in(&self, phone: &PhoneId) -> Result<Option<SignIn>, StoreError>;

    /// Stores a new sign-in.
    async fn begin(&self, sign_in: &SignIn) -> Result<(), StoreError>;

    /// Moves from `generation` to the next, with a new end; `false`, and nothing stored, when the
    /// stored one is of another generation or revoked.
    async fn rotate(&self, phone: &PhoneId, generation: u64, until: Timestamp) -> Result<bool, StoreError>;

    /// Ends a sign-in; it stays ended.
    async fn revoke(&self, phone: &PhoneId) -> Result<(), StoreError>;
}

/// The codes sent by SMS.
#[async_trait]
pub trait SmsChallenges: Send + Sync {
    /// What is kept for a number.
    async fn challenge(&self, number: &PhoneNumber) -> Result<Option<SmsChallenge>, StoreError>;

    /// Stores `next` if what is stored has the version before it; `false`, and nothing stored,
    /// otherwise.
    async fn replace(&self, number: &PhoneNumber, next: &SmsChallenge) -> Result<bool, StoreError>;

    /// Counts one message asked for from `ip` on the UTC day of `now`; `false`, and not counted,
    /// when there were `limit` already.
    async fn count_ip(&self, ip: IpAddr, now: Timestamp, limit: u32) -> Result<bool, StoreError>;
}

/// The machines people have signed in on.
#[async_trait]
pub trait Devices: Send + Sync {
    /// Binds a machine to a member; binding again changes nothing.
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The device this person was last seen on, by QR, of this client and kind (CONTRACTS section 3).
    async fn pairing(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<Option<Pairing>, StoreError>;

    /// A login by QR makes the pair; the newest is the one that counts. Pairing again changes nothing.
    async fn pair(
        &self,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The pair may be asked no more: the next login must be scanned. The device stays known. Where
    /// the pair is with another device by now, nothing changes.
    async fn unpair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
    ) -> Result<(), StoreError>;
}

/// The calls of hosted clients that wait for answers (CONTRACTS section 3).
#[async_trait]
pub trait Traces: Send + Sync {
    /// Stores a new trace. It never changes.
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError>;

    /// The trace with this id; it may linger past its time.
    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError>;
}

/// The prompts that people were sent, and whether a phone is there to see one.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// Notes a prompt about to be sent, in one step that no other can come between; `false`, and not
    /// noted, when it would be the fourth within [`PROMPT_WINDOW`](crate::pairing::PROMPT_WINDOW)
    /// (ADVERSARIES H1).
    async fn note(&self, account: AccountId, code: &SessionCode, now: Timestamp) -> Result<bool, StoreError>;

    /// The sessions of the last three prompts, newest first, however they ended.
    async fn recent(&self, account: AccountId) -> Result<Vec<SessionCode>, StoreError>;

    /// A phone of this person asked for what waits, and will ask again.
    async fn mark_present(&self, account: AccountId, now: Timestamp) -> Result<(), StoreError>;

    /// When a phone of this person last asked.
    async fn last_present(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError>;
}

/// The phones that can be pushed to.
#[async_trait]
pub trait PushEndpoints: Send + Sync {
    /// Keeps an endpoint for a person, in one step with taking its token from whoever had it before:
    /// a token belongs to one account at a time. `false`, and nothing stored, when the person has
    /// [`PushEndpoint::MOST`] others.
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<bool, StoreError>;

    /// Forgets the endpoint of a token, if it is this person's; gives it back for the service to
    /// forget too.
    async fn forget(
        &self,
        account: AccountId,
        token: &PushTokenId,
    ) -> Result<Option<PushEndpoint>, StoreError>;

    /// A person's endpoints.
    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError>;
}

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

    /// An address that shows it until `until`.
    async fn address(
        &self,
        name: &PictureName,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String, StoreError>;
}

#[cfg(test)]
pub(crate) mod testing {
    //! A generator for the tests of this crate.

    use std::sync::atomic::{AtomicU64, Ordering};

    use sha2::{Digest, Sha256};

    use super::Randomness;

    /// SHA-256 of a counter: looks random, is the same every time.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU64);

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(32) {
                let n = self.0.fetch_add(1, Ordering::Relaxed);
                let block = Sha256::digest(n.to_le_bytes());
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
        }
    }
}
