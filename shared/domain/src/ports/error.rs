//! How a port fails.

use std::sync::Arc;

use thiserror::Error;

/// The world failed: the store or a service could not be reached, refused or answered nonsense.
/// The message is for logs, never for callers.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct StoreError(pub Arc<str>);

impl StoreError {
    /// From anything that says what happened.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self(message.into())
    }

    /// From the error of a call, with all its causes.
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
