//! What of a record's effects has come about.
//!
//! Lambda brings a stream's records again from the first that failed, to whichever instance is free.
//! What succeeded by then is noted in the Directory: nobody wants one push five times over, nor a call
//! to their server because somebody else's is down.

use std::time::Duration;

use saoma_domain::{effect::Effect, ports::StoreError, session::Session};

use crate::App;

/// No record is brought again sooner: what fails has been tried for that long.
const BROUGHT_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long notes are kept: longer than records are brought again (`MaximumRecordAgeInSeconds`).
const KEPT: Duration = Duration::from_mins(15);

/// A stored change, and which of its effects have come about.
pub(crate) struct Progress {
    pub(crate) session: Session,
    done: Vec<Effect>,
}

impl Progress {
    /// What is known of a change: nothing, where its record must be here for the first time.
    pub(crate) async fn of(app: &App, session: Session) -> Result<Self, StoreError> {
        let age = app.service.clock.now().since(session.updated_at);
        let done = if age < BROUGHT_AGAIN_AFTER {
            Vec::new()
        } else {
            app.effects.noted(&session.code, session.version).await?
        };
        Ok(Self { session, done })
    }

    /// Whether this effect need not be had again.
    pub(crate) fn has(&self, effect: Effect) -> bool {
        self.done.contains(&effect)
    }

    /// It has come about.
    pub(crate) fn add(&mut self, effect: Effect) {
        if !self.has(effect) {
            self.done.push(effect);
        }
    }

    /// Notes what has come about, for when the record is brought again.
    pub(crate) async fn keep(&self, app: &App) {
        if self.done.is_empty() {
            return;
        }
        let until = app.service.clock.now().plus(KEPT);
        let noted = app.effects.note(&self.session.code, self.session.version, &self.done, until).await;
        if let Err(error) = noted {
            tracing::warn!(cause = %error, "what came about could not be noted, and may come again");
        }
    }
}
