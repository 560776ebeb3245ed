//! What is told of a stored change: to clients, to subscribers, to people's phones.
//!
//! The Sessions table's stream hands over every change, in order for each session, at least once. Each
//! effect carries the id of its event, session and version, so that a second time does no harm:
//!
//! * [`tell`]: one message on the topic, one call to the client's webhook.
//! * [`ask`]: a prompt is pushed to its person's phones; one that reaches nobody becomes a QR.
//! * [`notice`]: the person's phones hear that somebody signed in as them.
//!
//! What succeeded is [`done`] and not done again when the record comes back.
//!
//! A record whose effects fail is named in the batch's answer, and Lambda brings it again.

mod ask;
mod done;
mod notice;
mod phones;
mod tell;

pub use done::Done;

use std::{collections::HashSet, sync::Arc};

use saoma_domain::{
    cases::StepError,
    ports::{
        Accounts, Clients, Prompts, Push, PushEndpoints, Sessions, SignIns, StoreError, Topic, Webhooks,
    },
    secrets::SessionCode,
    session::{CancelReason, Session, State},
};
use saoma_http::{Problem, Service};
use serde::Serialize;
use tokio::task::JoinSet;

/// What the effects need.
#[derive(Clone)]
#[expect(
    missing_docs,
    reason = "each is the port of its name, the address people know us by, and what was done"
)]
pub struct App {
    pub service: Service,
    pub public_url: String,
    pub sessions: Arc<dyn Sessions>,
    pub clients: Arc<dyn Clients>,
    pub prompts: Arc<dyn Prompts>,
    pub accounts: Arc<dyn Accounts>,
    pub sign_ins: Arc<dyn SignIns>,
    pub endpoints: Arc<dyn PushEndpoints>,
    pub push: Arc<dyn Push>,
    pub topic: Arc<dyn Topic>,
    pub webhooks: Arc<dyn Webhooks>,
    pub done: Arc<Done>,
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

/// Has each record's effects: changes of one session in their order, different sessions side by side,
/// so that a client whose server hangs holds up nobody else's.
pub async fn handle(app: &App, records: Vec<Record>) -> BatchAnswer {
    let order: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
    let mut running = JoinSet::new();
    for records in by_session(records) {
        running.spawn(in_order(app.clone(), records));
    }
    let failed: HashSet<String> = running.join_all().await.into_iter().flatten().collect();
    let failed = order.into_iter().filter(|id| failed.contains(id));
    BatchAnswer { batch_item_failures: failed.map(|item_identifier| Failed { item_identifier }).collect() }
}

/// The records of each session, in order. One that cannot be read stands alone.
fn by_session(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut rows: Vec<(Option<SessionCode>, Vec<Record>)> = Vec::new();
    for record in records {
        let session = record.session.as_ref().ok().and_then(Option::as_ref);
        let code = session.map(|session| session.code.clone());
        match rows.iter_mut().find(|(of, _)| code.is_some() && *of == code) {
            Some((_, row)) => row.push(record),
            None => rows.push((code, vec![record])),
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The ids of those whose effects failed.
async fn in_order(app: App, records: Vec<Record>) -> Vec<String> {
    let mut failed = Vec::new();
    for Record { id, session } in records {
        let done = match session {
            Ok(Some(session)) => effects(&app, &session).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            tracing::error!(record = id, cause = %error, "a record failed");
            failed.push(id);
        }
    }
    failed
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
