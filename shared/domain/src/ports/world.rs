//! What the process gives: the time and unpredictable bytes.

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
