//! The stores of the people and products around a session.

use std::net::IpAddr;

use async_trait::async_trait;

use super::{Freshness, StoreError, WriteId};
use crate::{
    account::{Account, AccountStatus, VisitCount},
    client::{Lookup, Origin},
    history::EntryId,
    identity::{AccountId, ClientId, Identity, Phone},
    opener::{EnrolledMachine, MachineName, OpenerRecords},
    pairing::{MadeBy, Pairing},
    push::PushEndpoint,
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy, Session},
    sign_in::{PhoneRecords, SignIn},
    text::CleanText,
    time::Timestamp,
    watching::Watcher,
};

/// The registered clients.
#[async_trait]
pub trait Clients: Send + Sync {
    /// What is registered under this id, or when its last client was removed: for a day, which is longer than any session
    /// lives. An eventual read may be ten seconds old.
    async fn client(&self, id: &ClientId, freshness: Freshness) -> Result<Lookup, StoreError>;

    /// The enrolled machine of this client with this name, as last written. A machine of an earlier client of the same
    /// id may still be there.
    async fn machine(
        &self,
        client: &ClientId,
        name: &MachineName,
    ) -> Result<Option<EnrolledMachine>, StoreError>;

    /// Whether any client has registered pages of this origin.
    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError>;
}

/// The people.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account with this number, whatever its status.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account with this identity.
    async fn account_by(&self, identity: &Identity) -> Result<Option<Account>, StoreError>;

    /// Stores a new account and its first identity together; `false`, and nothing stored, when either is
    /// taken.
    async fn register(
        &self,
        account: &Account,
        identity: &Identity,
        write: &WriteId,
    ) -> Result<bool, StoreError>;

    /// Gives an account one more identity; `false`, and nothing stored, when another account has it. Linking
    /// again changes nothing.
    async fn link(&self, account: AccountId, identity: &Identity) -> Result<bool, StoreError>;

    /// Locks or unlocks an account. `false`, and nothing stored, when there is no such account, or it was deleted.
    /// Repeating the call changes nothing.
    async fn set_status(&self, account: AccountId, status: AccountStatus) -> Result<bool, StoreError>;

    /// Moves the moment of an account's last credential change forward to `at`, which ends every earlier sign-in. A
    /// later stored moment stays. `false`, and nothing stored, when there is no such account, or it was deleted.
    async fn reset_credentials(&self, account: AccountId, at: Timestamp) -> Result<bool, StoreError>;

    /// Takes an identity from an account. One that is not the account's stays where it is.
    async fn unlink(&self, account: AccountId, identity: &Identity) -> Result<(), StoreError>;
}

/// The logins that the shop contract counts for its members.
#[async_trait]
pub trait Visits: Send + Sync {
    /// Counts the login of `session`. The account's last counted session is remembered, so repeating the call
    /// for it counts nothing more.
    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// An account's logins so far.
    async fn visits(&self, id: AccountId) -> Result<VisitCount, StoreError>;
}

/// What is stored about a session that is to be redeemed, besides the session.
#[derive(Clone, Debug)]
pub struct RedemptionRecords {
    /// The phone that agreed, and its person.
    pub phone: PhoneRecords,
    /// The client.
    pub client: Lookup,
    /// What is stored about the session's opener.
    pub opener: OpenerRecords,
}

/// What is stored about a phone's step on a session.
#[derive(Clone, Debug)]
pub struct StepRecords {
    /// The phone, and its person.
    pub phone: PhoneRecords,
    /// The session.
    pub session: Option<Session>,
    /// The screens that watch the session, the newest first. They are told what the step changes.
    pub watchers: Vec<Watcher>,
}

/// Reads everything that a phone's step is checked against in one call.
#[async_trait]
pub trait Checks: Send + Sync {
    /// A phone's sign-in and account, as last written. For a browser also the sign-in of the phone that approved it, which
    /// costs a second read. So do the other methods.
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError>;

    /// What a redemption of this session is checked against: its phone's records, its client, and what is
    /// stored about its opener, all as last written. A browser as the opener costs two more reads.
    async fn redemption(&self, phone: &Phone, session: &Session) -> Result<RedemptionRecords, StoreError>;

    /// The phone's records, the session with this code, and who watches it.
    async fn phone_and_session(&self, phone: &Phone, code: &SessionCode) -> Result<StepRecords, StoreError>;
}

/// The result of storing a new sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it is made once a call and taken apart at once")]
pub enum Begun {
    /// It is stored.
    Stored,
    /// It was stored before, perhaps by this same call, whose first answer was lost. This is the stored one.
    Before(SignIn),
}

/// The result of storing a sign-in's next version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it is made once a call and taken apart at once")]
pub enum Replaced {
    /// It is stored.
    Stored,
    /// The stored version is not the one before it; this is the stored one. Nothing was written.
    Behind(SignIn),
    /// There is no such sign-in.
    Gone,
}

/// The sign-ins of the people.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Stores a new sign-in, unless it was stored before.
    async fn begin(&self, sign_in: &SignIn) -> Result<Begun, StoreError>;

    /// Stores `next` if the stored sign-in has the version before it.
    async fn replace(&self, next: &SignIn, write: &WriteId) -> Result<Replaced, StoreError>;

    /// Ends a sign-in for good, and the known device that it made. The store then refuses every version that was
    /// decided before this call.
    async fn end(&self, phone: &Phone) -> Result<(), StoreError>;
}

/// The machines people have signed in on.
#[async_trait]
pub trait Machines: Send + Sync {
    /// Binds a machine to a member; binding again changes nothing but how long it is remembered. A member with
    /// [`Machine::MOST`] of them loses the one that was used longest ago.
    ///
    /// `agreed_at` is when the member agreed to the login on it. A machine that the member has forgotten in that second or
    /// later stays forgotten: the confirmation of an earlier login is only repeated.
    ///
    /// [`Machine::MOST`]: crate::belongings::Machine::MOST
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        agreed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// Which person signed in on which device, so that the next login needs no scan.
#[async_trait]
pub trait Pairs: Send + Sync {
    /// The device this person was last seen on, by QR, of this client and kind (`docs/remembered.md`).
    async fn pairing(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<Option<Pairing>, StoreError>;

    /// Remembers a login by QR as the person's pair; only the newest counts. Repeating the call for the same
    /// session, or for one that was opened earlier, changes nothing: the person may have said no meanwhile.
    async fn pair(
        &self,
        by_login: &MadeBy,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Requires a scan for the next login of the pair that this session made. A pair of another session stays.
    async fn withdraw(
        &self,
        session: &SessionCode,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<(), StoreError>;

    /// Requires a scan for the next login of this pair. The device stays known. When the pair is with another
    /// device by now, nothing changes.
    async fn unpair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
    ) -> Result<(), StoreError>;
}

/// The result of storing a push endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointKept {
    /// It is stored.
    Stored {
        /// The account from which it took the token, with the entry in that account's history.
        taken_from: Option<(AccountId, EntryId)>,
    },
    /// The person has [`PushEndpoint::MOST`] others. Nothing is stored.
    TooMany,
}

/// The phones that can be pushed to.
#[async_trait]
pub trait PushEndpoints: Send + Sync {
    /// Stores an endpoint for a person and, in the same step, takes its token from its previous owner: a token
    /// belongs to one account at a time. The same step writes into the previous owner's history that it was taken
    /// (`docs/security.md` H8).
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<EndpointKept, StoreError>;

    /// Forgets an endpoint as it was read. `false`, and nothing forgotten, when another person or a later sign-in
    /// has registered its token since: then the push service must keep the address too.
    async fn forget(&self, read: &PushEndpoint) -> Result<bool, StoreError>;

    /// A person's endpoints.
    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError>;
}
