//! The stores of the people and products around a session.

use std::net::IpAddr;

use async_trait::async_trait;

use super::StoreError;
use crate::{
    account::{Account, Visits},
    client::{Client, Origin},
    identity::{AccountId, ClientId, Phone, PhoneNumber, SignInId},
    pairing::Pairing,
    push::{PushEndpoint, PushTokenId},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    sign_in::SignIn,
    sms_code::SmsChallenge,
    text::CleanText,
    time::Timestamp,
};

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
    async fn sign_in(&self, phone: &SignInId) -> Result<Option<SignIn>, StoreError>;

    /// Stores a new sign-in.
    async fn begin(&self, sign_in: &SignIn) -> Result<(), StoreError>;

    /// Moves from `generation` to the next, with a new end; `false`, and nothing stored, when the
    /// stored one is of another generation or revoked.
    async fn rotate(&self, phone: &SignInId, generation: u64, until: Timestamp) -> Result<bool, StoreError>;

    /// Ends a sign-in; it stays ended.
    async fn revoke(&self, phone: &SignInId) -> Result<(), StoreError>;
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
