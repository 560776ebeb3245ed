//! How a port fails.

use std::sync::Arc;

use thiserror::Error;

/// A store or a service failed: it could not be reached, it refused, or its answer made no sense.
/// The message is for logs, never for callers.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct StoreError(pub Arc<str>);

impl StoreError {
    /// An error with this message.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self(message.into())
    }

    /// An error with the message of a failed call and of all its causes.
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
