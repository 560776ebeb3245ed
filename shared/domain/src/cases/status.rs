//! Status: how a session stands, for the screen or for a stranger. Writes nothing.

use super::{Logins, StepError, StepFailure};
use crate::{
    secrets::{Secret, SessionCode},
    session::{Dialect, Session},
};

/// A session as one caller may see it.
#[derive(Clone, Debug)]
pub enum View {
    /// The caller holds the screen's secret.
    Screen(Session),
    /// The caller holds the code alone: the bare state, nothing about people.
    Stranger(Session),
}

impl View {
    /// The session, for the part that both may see.
    #[must_use]
    pub const fn session(&self) -> &Session {
        match self {
            Self::Screen(session) | Self::Stranger(session) => session,
        }
    }
}

impl Logins {
    /// Looks at a session.
    ///
    /// # Errors
    /// [`StepFailure::Unknown`] or [`StepFailure::Store`].
    pub async fn status(
        &self,
        code: &SessionCode,
        dialect: Dialect,
        secret: Option<&Secret>,
    ) -> Result<View, StepError> {
        let found = self.look_up(code).await.map_err(|error| StepError::at(code, error))?;
        let session = found
            .filter(|session| session.dialect() == dialect)
            .ok_or_else(|| StepError::at(code, StepFailure::Unknown))?;
        Ok(match secret {
            Some(secret) if session.is_screen(secret) => View::Screen(session),
            _ => View::Stranger(session),
        })
    }
}
