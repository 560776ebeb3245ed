//! What may be used once: the ids in assertions, proofs and pushed requests.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{StoreError, WriteId};
use crate::time::Timestamp;

/// What an id that may be used once belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OncePurpose {
    /// A pushed authorization request (RFC 9126 section 2.2).
    PushedRequest,
    /// A client's assertion (RFC 7523 section 3).
    Assertion,
    /// A proof of possession (RFC 9449 section 11.1).
    Proof,
}

impl OncePurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PushedRequest => "pushed request",
            Self::Assertion => "assertion",
            Self::Proof => "proof",
        }
    }
}

/// One use: of what, when, and until when it must be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneUse {
    key: String,
    /// When it is used.
    pub at: Timestamp,
    /// From this moment the id is refused without a record.
    pub until: Timestamp,
}

impl OneUse {
    /// The use of `id`, which its `owner` chose: a client, or the thumbprint of a key. Owners and purposes do not share
    /// ids. A caller chooses the texts, so a hash of fixed length stands for them.
    #[must_use]
    pub fn of(purpose: OncePurpose, owner: &str, id: &str, at: Timestamp, until: Timestamp) -> Self {
        let mut hash = Sha256::new();
        for part in [purpose.as_str(), owner, id] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { key: URL_SAFE_NO_PAD.encode(hash.finalize()), at: at.whole_secs(), until }
    }

    /// The name under which a store keeps it: 43 characters.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Whether a use was the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// This write is the first use. It took effect at this moment, which lies in the past if the write came again.
    First(Timestamp),
    /// Another write used it before.
    Before,
}

/// Remembers what was used.
///
/// A solved puzzle is used once, too, but together with the message that it pays for, and it is given back with it. So
/// it is part of that transaction ([`Charge`](crate::sms_budget::Charge)).
#[async_trait]
pub trait OnceOnly: Send + Sync {
    /// Records a use. Of any number of writes that use the same thing, one is the first. The same write again gets the
    /// same answer, because its first answer may have been lost.
    async fn use_once(&self, used: &OneUse, write: &WriteId) -> Result<Used, StoreError>;
}
