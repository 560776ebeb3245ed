//! The issuers of other products' tokens, and the key sets that they publish.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use super::{StoreError, WriteId};
use crate::{
    issuer::{ForeignSignIn, KeySetUrl, PresentedToken, Subject, TokenIssuer},
    time::Timestamp,
};

/// What a verified token of another issuer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignClaims {
    /// `sub`: the person.
    pub subject: Subject,
    /// `sid`: their sign-in at the issuer.
    pub sign_in: ForeignSignIn,
    /// `iat`: when the token was made.
    pub issued_at: Timestamp,
    /// `auth_time`: when the person last proved to the issuer who they are, if it says so.
    pub proved_at: Option<Timestamp>,
    /// `exp`: when the token ends.
    pub expires_at: Timestamp,
}

/// Why a token of another issuer proves nothing.
#[derive(Clone, Debug, Error)]
pub enum NotProven {
    /// The token is not good. The reason is for the log; callers do not learn it.
    #[error("the token is not good: {0}")]
    Invalid(&'static str),
    /// The issuer's keys cannot be had now. The caller may ask again after this time.
    #[error("the keys of the issuer cannot be had; the next try is in {0:?}")]
    Unavailable(Duration),
    /// The store failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies tokens of other issuers.
#[async_trait]
pub trait IssuerTokens: Send + Sync {
    /// What `token` says, if the registered issuer signed it, with the registered algorithm, for the registered audience, and
    /// it is good now.
    async fn verify(
        &self,
        token: &PresentedToken,
        by: &TokenIssuer,
        now: Timestamp,
    ) -> Result<ForeignClaims, NotProven>;
}

/// Fetches key sets from the servers that publish them.
#[async_trait]
pub trait PublishedKeySets: Send + Sync {
    /// The text at this address, if the server answers 200 within `limit`. The call reaches public addresses only, follows no
    /// redirect, and reads no text that is longer than a key set may be.
    async fn fetch(&self, address: &KeySetUrl, limit: Duration) -> Result<String, StoreError>;
}

/// What is kept of a key set, for all instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptKeySet {
    /// Its text, and when it was fetched; `None` when no fetch has succeeded.
    pub fetched: Option<(String, Timestamp)>,
    /// No instance fetches before this moment.
    pub next_at: Timestamp,
}

/// The key sets that instances have fetched, kept for all of them.
#[async_trait]
pub trait KeySets: Send + Sync {
    /// What is kept of this key set, as last written.
    async fn kept(&self, address: &KeySetUrl) -> Result<Option<KeptKeySet>, StoreError>;

    /// Takes the turn to fetch this key set, until `until`. `false` while another instance has it. Repeating a `write` that
    /// has taken it succeeds.
    async fn take_turn(
        &self,
        address: &KeySetUrl,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<bool, StoreError>;

    /// Keeps a text that was fetched at `fetched_at`, and the next turn, for a while (`forget_at`). A later text stays.
    async fn keep(
        &self,
        address: &KeySetUrl,
        (text, fetched_at): (&str, Timestamp),
        next_at: Timestamp,
        forget_at: Timestamp,
    ) -> Result<(), StoreError>;
}
