//! The machine beneath: the time, unpredictable bytes, and a key nobody sees.

use crate::time::Timestamp;

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
