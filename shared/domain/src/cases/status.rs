//! Status: how a session stands, for whoever asks. Writes nothing.

use super::StepError;
use crate::{
    ports::{Freshness, Sessions},
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
    /// The session, for what both may see of it.
    #[must_use]
    pub const fn session(&self) -> &Session {
        match self {
            Self::Screen(session) | Self::Stranger(session) => session,
        }
    }
}

/// Looks at a session.
///
/// # Errors
/// [`StepError::Unknown`] or [`StepError::Store`].
pub async fn status(
    sessions: &dyn Sessions,
    code: &SessionCode,
    dialect: Dialect,
    secret: Option<&Secret>,
) -> Result<View, StepError> {
    let session = sessions
        .find(code, Freshness::Eventual)
        .await?
        .filter(|session| session.dialect() == dialect)
        .ok_or(StepError::Unknown)?;
    Ok(match secret {
        Some(secret) if session.is_screen(secret) => View::Screen(session),
        _ => View::Stranger(session),
    })
}
