//! A decision about a command, and the change that a store accepts.

use crate::{
    secrets::SessionCode,
    session::{Flow, Refusal, Session, State},
    time::Timestamp,
};

/// The result of a command that is not simply refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The step was taken before. Nothing is written, and the caller gets the same success.
    Stays,
    /// Storing this change takes the step.
    Moves(Change),
    /// The step is refused, and storing this change ends the session.
    Ends(Change, Refusal),
}

/// A transition that [`Session::decide`] allowed. Only `decide` makes one, and a store accepts nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(super) code: SessionCode,
    pub(super) if_version: u64,
    pub(super) at: Timestamp,
    pub(super) to: State,
    pub(super) flow: Option<Flow>,
}

impl Change {
    /// The code of the session that it changes.
    #[must_use]
    pub const fn code(&self) -> &SessionCode {
        &self.code
    }

    /// The stored version it was decided on, and the only one it may replace.
    #[must_use]
    pub const fn if_version(&self) -> u64 {
        self.if_version
    }

    /// When it was decided. The stored session must not have expired by that moment.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The state it leads to.
    #[must_use]
    pub const fn to(&self) -> &State {
        &self.to
    }

    /// The contract's data after the change; `None` leaves the stored data as it is.
    #[must_use]
    pub const fn flow(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    /// Whether `stored` is the session that this change was decided on. A store checks this and writes in one
    /// atomic step.
    #[must_use]
    pub fn may_replace(&self, stored: &Session) -> bool {
        stored.code == self.code && stored.version == self.if_version && !stored.is_expired(self.at)
    }

    /// `stored` after this change.
    #[must_use]
    pub fn applied_to(&self, stored: &Session) -> Session {
        Session {
            version: self.if_version + 1,
            updated_at: self.at,
            state: self.to.clone(),
            flow: self.flow.clone().unwrap_or_else(|| stored.flow.clone()),
            ..stored.clone()
        }
    }
}
