//! Records which side effects of a change have already succeeded, so a retried stream record does not repeat them.
//!
//! After a failure, Lambda brings the stream's records again from the first that failed, to any free instance. The
//! effects that had succeeded are noted in the Directory. Without the notes, one failing server would make phones get
//! the same push five times, and other clients' servers the same call.

use std::time::Duration;

use saoma_domain::{effect::Effect, ports::StoreError, session::Session};

use crate::App;

/// How long notes are kept: longer than Lambda retries a record (`MaximumRecordAgeInSeconds`).
const KEPT: Duration = Duration::from_mins(15);

/// A stored change, and its effects that have succeeded.
pub(crate) struct Progress {
    pub(crate) session: Session,
    done: Vec<Effect>,
}

impl Progress {
    /// Reads the notes of a change. It does so for every record, because Lambda can retry a record within a second.
    pub(crate) async fn of(app: &App, session: Session) -> Result<Self, StoreError> {
        let done = app.effects.noted(&session.code, session.version).await?;
        Ok(Self { session, done })
    }

    /// Whether this effect has already succeeded.
    pub(crate) fn has(&self, effect: Effect) -> bool {
        self.done.contains(&effect)
    }

    /// Marks this effect as succeeded.
    pub(crate) fn add(&mut self, effect: Effect) {
        if !self.has(effect) {
            self.done.push(effect);
        }
    }

    /// Stores the notes, for the case that Lambda brings the record again.
    pub(crate) async fn keep(&self, app: &App) {
        if self.done.is_empty() {
            return;
        }
        let until = app.service.clock.now().plus(KEPT);
        let noted = app.effects.note(&self.session.code, self.session.version, &self.done, until).await;
        if let Err(error) = noted {
            tracing::warn!(cause = %error, "effects that succeeded could not be noted, and may be repeated");
        }
    }
}
