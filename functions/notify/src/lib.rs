//! Tells clients, subscribers and people's phones about stored changes.
//!
//! The Sessions table's stream brings every change at least once, in order for each session. Each effect carries the
//! id of its event (session and version), so a repetition does no harm:
//!
//! * [`tell`]: publishes one message on the topic and puts a call to the client's server into the queue.
//! * [`ask`]: pushes a prompt to its person's phones. A prompt that reaches no phone becomes a QR, and a question by OAuth
//!   stays where the person finds it.
//! * [`notice`]: tells the person's phones that a screen signed in as them.
//!
//! The batch's answer names a record whose effects fail. Lambda then brings that record and all later ones again, and
//! [`progress`] prevents repeating the effects that have succeeded.

mod ask;
mod notice;
mod phones;
mod progress;
mod tell;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
pub use saoma_app::{BatchAnswer, Failed};
use saoma_app::{Service, login_event::EventError};
use saoma_domain::{
    cases::{Logins, StepError},
    ports::{Calls, Checks, Clients, Effects, Prompts, Push, PushEndpoints, StoreError, Topic},
    secrets::SessionCode,
    session::{CancelReason, Flow, Session, State},
};
use tokio::task::JoinSet;

use crate::progress::Progress;

/// What the effects need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the address people know us by")]
pub struct App {
    pub service: Service,
    pub public_url: String,
    pub logins: Logins,
    pub clients: Arc<dyn Clients>,
    pub prompts: Arc<dyn Prompts>,
    pub checks: Arc<dyn Checks>,
    pub endpoints: Arc<dyn PushEndpoints>,
    pub push: Arc<dyn Push>,
    pub topic: Arc<dyn Topic>,
    pub calls: Arc<dyn Calls>,
    pub effects: Arc<dyn Effects>,
}

/// One record of the stream.
pub struct Record {
    /// The sequence number by which the batch's answer names it.
    pub id: String,
    /// The session as it was stored; `None` for a record that changes no state.
    pub session: Result<Option<Session>, StoreError>,
}

/// Why an effect failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EffectError {
    /// A store or a service failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A step of the session failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// An answer could not be made.
    #[error(transparent)]
    Event(#[from] EventError),
    /// An answer could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Our code panicked. Another line of the log says where.
    #[error("panicked")]
    Panicked,
}

/// Runs each record's effects. Changes of one session run in their order, different sessions run at the same time.
pub async fn handle(app: &App, records: Vec<Record>) -> BatchAnswer {
    app.service.keys.keep_fresh().await;
    let mut running = JoinSet::new();
    for row in by_session(records) {
        running.spawn(in_order(app.clone(), row));
    }
    let mut outcomes: Vec<Outcome> = running.join_all().await.into_iter().flatten().collect();
    outcomes.sort_by_key(|outcome| outcome.place);
    let brought_again = outcomes.iter().skip_while(|outcome| !outcome.failed);
    for progress in brought_again.filter_map(|outcome| outcome.progress.as_ref()) {
        progress.keep(app).await;
    }
    let failed = outcomes.into_iter().filter(|outcome| outcome.failed);
    BatchAnswer::failed(failed.map(|Outcome { id, .. }| id))
}

/// Records of one session, each with its place in the batch.
type Row = Vec<(usize, Record)>;

/// The result of a record.
struct Outcome {
    place: usize,
    id: String,
    progress: Option<Progress>,
    failed: bool,
}

/// Groups the records by session, in order. A record that cannot be read is a group of its own.
fn by_session(records: Vec<Record>) -> Vec<Row> {
    let mut rows: Vec<(Option<SessionCode>, Row)> = Vec::new();
    for placed in records.into_iter().enumerate() {
        let session = placed.1.session.as_ref().ok().and_then(Option::as_ref);
        let code = session.map(|session| session.code.clone());
        match rows.iter_mut().find(|(of, _)| code.is_some() && *of == code) {
            Some((_, row)) => row.push(placed),
            None => rows.push((code, vec![placed])),
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

async fn in_order(app: App, row: Row) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (place, Record { id, session }) in row {
        let mut progress = None;
        // A panic fails only this record, like any other failure.
        let done = AssertUnwindSafe(bring_about(&app, session, &mut progress)).catch_unwind().await;
        let done = done.unwrap_or(Err(EffectError::Panicked));
        if let Err(error) = &done {
            tracing::error!(record = id, cause = %error, "a record failed");
        }
        outcomes.push(Outcome { place, id, progress, failed: done.is_err() });
    }
    outcomes
}

async fn bring_about(
    app: &App,
    session: Result<Option<Session>, StoreError>,
    progress: &mut Option<Progress>,
) -> Result<(), EffectError> {
    let Some(session) = session? else { return Ok(()) };
    effects(app, progress.insert(Progress::of(app, session).await?)).await
}

/// Runs the effects of the state that a session has just reached.
async fn effects(app: &App, progress: &mut Progress) -> Result<(), EffectError> {
    let session = progress.session.clone();
    match &session.state {
        State::Scanned { claim } if matches!(session.flow, Flow::Asked { .. }) => {
            ask::push(app, progress, claim).await?;
        }
        State::Scanned { claim } if session.is_prompt() => {
            if ask::ask(app, progress, claim).await? == ask::Asked::ReachedNoPhone {
                return Ok(());
            }
        }
        State::Cancelled { reason: CancelReason::Undeliverable, .. } => ask::show_a_qr(app, &session).await?,
        State::Redeemed { claim, .. } => notice::signed_in(app, progress, claim).await,
        State::Pending | State::Scanned { .. } | State::Confirmed { .. } | State::Cancelled { .. } => {}
    }
    tell::tell(app, progress).await
}
