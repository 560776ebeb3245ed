//! The phone's own sign-in: begins it after a person has proved who they are, refreshes it, and ends it.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use super::{
    registration::find_or_register,
    rotate::Rotate,
    sms::Texting,
    stands::{Behind, stands},
};
use crate::{
    account::{Account, AccountStatus},
    history::Entry,
    identity::{ClientId, Identity, Phone, PhoneNumber, SignInId},
    ports::{
        Accounts, Begun, Checks, Clients, HistoryWriter, KeyedHash, Randomness, SignIns, StoreError, WriteId,
    },
    refresh::{Family, read_refresh_token},
    secrets::Secret,
    session::Seen,
    sign_in::{Holder, HolderKind, Method, NotSignedIn, SignIn, SignInLives},
    time::Timestamp,
};

/// The people over their ports.
#[derive(Clone)]
pub struct People {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// Where the person reads that a phone signed in.
    pub history: Arc<dyn HistoryWriter>,
    /// The registered clients, some of which are apps.
    pub clients: Arc<dyn Clients>,
    /// The phones and their people, read together.
    pub checks: Arc<dyn Checks>,
    /// The codes by SMS.
    pub texting: Texting,
    /// The keys that no table holds.
    pub keys: Arc<dyn KeyedHash>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
    /// How long sign-ins last.
    pub lives: SignInLives,
}

/// Proof of who a person is, by a code to their number. [`People::begin`] takes it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The number that the person proved to have.
    pub number: PhoneNumber,
    /// How the person proved it.
    pub method: Method,
    /// The sign-in it leads to. Repeating the proof gives the same one.
    pub sign_in: SignInId,
    /// When it was first proved.
    pub at: Timestamp,
}

/// A phone that just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose phone it is.
    pub account: Account,
    /// The sign-in, for minting its tokens.
    pub sign_in: SignIn,
    /// Whether the account was made by this sign-in.
    pub is_new: bool,
    /// What makes the phone a known device when it asks for its next code.
    pub known: Secret,
}

/// A sign-in that was refreshed.
#[derive(Debug)]
pub struct Renewed {
    /// Whose it is.
    pub account: Account,
    /// The sign-in, for minting its tokens.
    pub sign_in: SignIn,
}

/// Why a phone is not signed in.
#[derive(Clone, Debug, Error)]
pub enum SignInError {
    /// The code is wrong, used or too old. Callers do not learn which.
    #[error("the code is not good")]
    InvalidCode,
    /// There is no such challenge. Callers are told the same as of a wrong code.
    #[error("there is no such challenge")]
    UnknownChallenge,
    /// The refresh token is none of ours. Callers are told the same as of a sign-in that is over.
    #[error("the refresh token is none of ours")]
    UnknownToken,
    /// The network made too many wrong tries.
    #[error("too many wrong codes; wait {0:?}")]
    TooMany(Duration),
    /// The sign-in is over, or the account may not be used.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many races a caller may lose before it gives up. The callers of one number, or the holders of one sign-in,
/// lose fewer.
pub(super) const MOST_RACES: usize = 32;

impl People {
    /// Begins the sign-in that a proof leads to, and registers a new person. Repeating the call gives the same
    /// sign-in. The phone is signed in even if the entry in the person's history cannot be written.
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn begin(&self, proof: Proof, client: ClientId, seen: Seen) -> Result<SignedIn, SignInError> {
        let at = proof.at;
        let identity = Identity::Phone(proof.number.clone());
        let account = find_or_register(&*self.accounts, &*self.random, &identity, at).await?;
        if account.status != AccountStatus::Active {
            return Err(NotSignedIn::Barred.into());
        }
        let sign_in = SignIn {
            id: proof.sign_in,
            account: account.id,
            holder: Holder::Phone,
            client,
            method: proof.method,
            seen,
            version: 1,
            family: Family::begin(at, self.keys.current_key()),
            ended: false,
            proved_at: at,
            created_at: at,
            expires_at: self.lives.end(at, at),
        };
        let is_new = account.created_at >= at;
        let sign_in = match self.sign_ins.begin(&sign_in).await? {
            Begun::Stored => sign_in,
            Begun::Before(stored) if stored.ended => return Err(NotSignedIn::Over.into()),
            Begun::Before(stored) => stored,
        };
        // The writer logs its failure.
        let _ = self.history.write(account.id, &Entry::of_sign_in(&sign_in)).await;
        let known = self.remember_device(&sign_in, &proof.number, at).await?;
        Ok(SignedIn { account, sign_in, is_new, known })
    }

    /// Exchanges a refresh token for the next one. The previous token gets the same next one for a while,
    /// because its answer may have been lost ([`SignIn::present`]).
    ///
    /// # Errors
    /// [`SignInError::UnknownToken`], [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn refresh(&self, token: &Secret, now: Timestamp) -> Result<Renewed, SignInError> {
        let read = read_refresh_token(&*self.keys, HolderKind::Phone, token).await;
        let (phone, generation) = read.ok_or(SignInError::UnknownToken)?;
        let (sign_in, account) = self.still_allowed(&phone, now).await?;
        let sign_in = self.rotate().present(sign_in, generation, now).await?;
        Ok(Renewed { account, sign_in })
    }

    fn rotate(&self) -> Rotate<'_> {
        Rotate { sign_ins: &*self.sign_ins, keys: &*self.keys, random: &*self.random, lives: &self.lives }
    }

    /// Asks [`still_allowed`] about a sign-in: its app must be registered and switched on, unless it is our own page.
    pub(super) async fn still_allowed(
        &self,
        phone: &Phone,
        now: Timestamp,
    ) -> Result<(SignIn, Account), SignInError> {
        stands(&Behind { checks: &*self.checks, clients: &*self.clients }, phone, now).await
    }

    /// Ends a sign-in; its tokens stop counting at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_out(&self, phone: &Phone) -> Result<(), StoreError> {
        self.sign_ins.end(phone).await
    }

    pub(super) fn write(&self) -> WriteId {
        WriteId::random(&*self.random)
    }
}
