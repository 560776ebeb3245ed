//! What the process gives: the time, unpredictable bytes, and a keyed hash.

use crate::time::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`. An implementation without randomness must not return.
    fn fill(&self, bytes: &mut [u8]);
}

/// A keyed hash (HMAC-SHA256) under a key that is in no table. It serves values that are too short for a plain
/// hash, and tokens that need no record of their own.
pub trait KeyedHash: Send + Sync {
    /// The hash of `parts` for one `purpose`. Moving a boundary between two parts changes the hash.
    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> [u8; 32];
}
