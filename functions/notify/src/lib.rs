//! What is told of a stored change: to clients, to subscribers, to people's phones.
//!
//! The Sessions table's stream hands over every change, in order for each session, at least once. Each
//! effect carries the id of its event, session and version, so that a second time does no harm:
//!
//! * [`tell`]: one message on the topic, one call to the client's webhook.
//! * [`ask`]: a prompt is pushed to its person's phones; one that reaches nobody becomes a QR.
//! * [`notice`]: the person's phones hear that somebody signed in as them.
//!
//! A record whose effects fail is named in the batch's answer, and Lambda brings it again.

mod ask;
mod notice;
mod phones;
mod tell;

use std::sync::Arc;

use saoma_domain::{
    cases::StepError,
    ports::{Clients, Prompts, Push, PushEndpoints, Sessions, SignIns, StoreError, Topic, Webhooks},
    session::{CancelReason, Session, State},
};
use saoma_http::{Problem, Service};
use serde::Serialize;

/// What the effects need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the address people know us by")]
pub struct App {
    pub service: Service,
    pub public_url: String,
    pub sessions: Arc<dyn Sessions>,
    pub clients: Arc<dyn Clients>,
    pub prompts: Arc<dyn Prompts>,
    pub sign_ins: Arc<dyn SignIns>,
    pub endpoints: Arc<dyn PushEndpoints>,
    pub push: Arc<dyn Push>,
    pub topic: Arc<dyn Topic>,
    pub webhooks: Arc<dyn Webhooks>,
}

/// One record of the stream.
pub struct Record {
    /// What the batch's answer names it by.
    pub id: String,
    /// The session as it was stored; `None` for what is no change of state.
    pub session: Result<Option<Session>, StoreError>,
}

/// The batch's answer: which records to bring again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The records that failed.
    pub batch_item_failures: Vec<Failed>,
}

/// A record that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its id.
    pub item_identifier: String,
}

/// Why an effect did not come about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EffectError {
    /// A store or a service failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A step of the session failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// An answer could not be made.
    #[error("{0:?}")]
    Problem(Problem),
}

impl From<Problem> for EffectError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Has each record's effects, one after the other: changes of one session stay in order.
pub async fn handle(app: &App, records: Vec<Record>) -> BatchAnswer {
    let mut answer = BatchAnswer::default();
    for Record { id, session } in records {
        let done = match session {
            Ok(Some(session)) => effects(app, &session).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            tracing::error!(record = id, cause = %error, "a record failed");
            answer.batch_item_failures.push(Failed { item_identifier: id });
        }
    }
    answer
}

/// What follows from a session having come to the state it is in.
async fn effects(app: &App, session: &Session) -> Result<(), EffectError> {
    match &session.state {
        State::Scanned { claim } if session.is_prompt() => {
            if ask::ask(app, session, claim).await? == ask::Asked::NobodyThere {
                return Ok(());
            }
        }
        State::Cancelled { reason: CancelReason::Undeliverable, .. } => ask::show_a_qr(app, session).await?,
        State::Redeemed { claim, .. } => notice::signed_in(app, session, claim).await,
        State::Pending | State::Scanned { .. } | State::Confirmed { .. } | State::Cancelled { .. } => {}
    }
    tell::tell(app, session).await
}
