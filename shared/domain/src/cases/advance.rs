//! The loop every transition goes through.

use thiserror::Error;

use crate::{
    ports::{Committed, Freshness, Sessions, StoreError},
    secrets::SessionCode,
    session::{Command, Decision, Dialect, Refusal, Session},
    time::Timestamp,
};

/// Why a step was not taken.
#[derive(Clone, Debug, Error)]
pub enum StepError {
    /// There is no such session, or it belongs to another dialect.
    #[error("no such session")]
    Unknown,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session changes at most four times, so nobody can lose more races than that.
const MOST_RACES: usize = 5;

/// Finds a session for somebody who is about to act on its code. `dialect` limits which contract's
/// sessions are known; `None` knows them all. A prompt is in no QR and is answered by its trace: to
/// whoever comes with its code there is no such session.
pub(super) async fn find(
    sessions: &dyn Sessions,
    code: &SessionCode,
    dialect: Option<Dialect>,
) -> Result<Session, StepError> {
    sessions
        .find(code, Freshness::Strong)
        .await?
        .filter(|session| dialect.is_none_or(|dialect| session.dialect() == dialect))
        .filter(|session| !session.is_prompt())
        .ok_or(StepError::Unknown)
}

/// Takes `session` through `command`: decides, stores what was decided on exactly that version, and
/// after a lost race decides again on what the store has.
pub(super) async fn advance(
    sessions: &dyn Sessions,
    mut session: Session,
    command: &Command,
    now: Timestamp,
) -> Result<Session, StepError> {
    for _ in 0..MOST_RACES {
        let (change, refusal) = match session.decide(command, now)? {
            Decision::Stays => return Ok(session),
            Decision::Moves(change) => (change, None),
            Decision::Ends(change, refusal) => (change, Some(refusal)),
        };
        match sessions.commit(&change).await? {
            Committed::Stored(session) => return refusal.map_or(Ok(session), |refusal| Err(refusal.into())),
            Committed::Behind(stored) => session = stored,
            Committed::Gone => return Err(StepError::Unknown),
        }
    }
    Err(StoreError::new("lost more races than a session has changes").into())
}
