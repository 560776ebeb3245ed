//! Why a function cannot start.

use std::{error::Error, fmt};

/// The reason why a function cannot start, with its causes. Rust prints what `main` returns as `Debug`, so `Debug`
/// here is the message in words (`docs/security.md` J7).
pub struct StartError(Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl StartError {
    /// The Lambda runtime could not be reached.
    pub(crate) fn at_runtime(error: lambda_runtime::Error) -> Self {
        Self(error)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function refuses to start: {}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
