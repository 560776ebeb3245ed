//! The authorization request, as far as a session knows it.

use sha2::{Digest, Sha256};

/// The SHA-256 of a sealed authorization request. The request itself stays in the page (`docs/oauth.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash of a sealed request.
    #[must_use]
    pub fn of(sealed: &str) -> Self {
        Self(Sha256::digest(sealed.as_bytes()).into())
    }

    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
