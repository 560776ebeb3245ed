//! Calls clients' servers about their logins.
//!
//! `notify` puts each call into a queue, and this function works the queue off. A call that fails goes back into the
//! queue and waits there, so one client's server never makes another client wait (`docs/security.md` K13).
//!
//! * [`attempt`]: one attempt at one call. The ticket is made and the call is signed here, at the last moment.
//! * [`circuit`]: whether a server may be called now, and how long it has for its answer.
//! * [`pause`]: how long a call waits until its next attempt.
//!
//! The batch's answer names the messages that stay in the queue. After a number of handovers, which `template.yaml`
//! sets, the queue moves a message into its failure queue.

mod attempt;
mod circuit;
mod pause;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, future::join_all};
pub use saoma_app::{BatchAnswer, Failed};
use saoma_app::{Service, metrics::Metric};
use saoma_domain::{
    identity::ClientId,
    ports::{Clients, Postpone, Servers, Sessions, WaitingCall, Webhooks},
};
use tokio::task::JoinSet;

use crate::attempt::{Outcome, attempt};
pub use crate::circuit::Circuits;

/// What the calls need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the address people know us by")]
pub struct App {
    pub service: Service,
    pub public_url: String,
    pub clients: Arc<dyn Clients>,
    pub sessions: Arc<dyn Sessions>,
    pub webhooks: Arc<dyn Webhooks>,
    pub queue: Arc<dyn Postpone>,
    pub servers: Arc<dyn Servers>,
    pub circuits: Arc<Circuits>,
}

/// Makes the calls of a batch. Different clients' servers are called at the same time.
pub async fn handle(app: &App, calls: Vec<WaitingCall>) -> BatchAnswer {
    app.service.keys.keep_fresh().await;
    let mut running = JoinSet::new();
    for of_one_client in by_client(calls) {
        running.spawn(in_turn(app.clone(), of_one_client));
    }
    BatchAnswer::failed(running.join_all().await.into_iter().flatten())
}

/// Groups the calls by client. Messages that cannot be read are a group of their own.
fn by_client(calls: Vec<WaitingCall>) -> impl Iterator<Item = Vec<WaitingCall>> {
    let mut groups: HashMap<Option<ClientId>, Vec<WaitingCall>> = HashMap::new();
    for call in calls {
        let client = call.call.as_ref().ok().map(|call| call.client.clone());
        groups.entry(client).or_default().push(call);
    }
    groups.into_values()
}

/// Calls one client's server: once, and then with the rest of its messages at the same time. If the first call hangs,
/// the rest go back into the queue without waiting for an answer too. Returns the messages that stay in the queue.
async fn in_turn(app: App, calls: Vec<WaitingCall>) -> Vec<String> {
    let mut calls = calls.into_iter();
    let mut staying = Vec::new();
    if let Some(first) = calls.next() {
        staying.extend(settle(&app, first).await);
    }
    staying.extend(join_all(calls.map(|call| settle(&app, call))).await.into_iter().flatten());
    staying
}

/// Makes one call. Returns the message's id if it stays in the queue.
async fn settle(app: &App, waiting: WaitingCall) -> Option<String> {
    let WaitingCall { message, receipt, handovers, call } = waiting;
    // A panic fails only this call, like any other failure.
    let outcome = match call {
        Ok(call) => AssertUnwindSafe(attempt(app, &call, handovers)).catch_unwind().await,
        Err(error) => Ok(Outcome::Failed { why: error.to_string(), pause: pause::after(app, handovers) }),
    };
    let outcome = outcome.unwrap_or_else(|_| Outcome::Failed {
        why: "panicked".to_owned(),
        pause: pause::after(app, handovers),
    });
    let pause = match outcome {
        Outcome::Done => return None,
        Outcome::Rests { pause } => pause,
        Outcome::Failed { why, pause } => {
            tracing::warn!(message, handovers, pause = pause.as_secs(), cause = why, "a call failed");
            app.service.metrics.count(Metric::WebhookFailures, app.service.clock.now());
            pause
        }
    };
    // If this fails, the message comes back after the queue's visibility timeout.
    if let Err(error) = app.queue.postpone(&receipt, pause).await {
        tracing::warn!(message, cause = %error, "a call could not be postponed");
    }
    Some(message)
}
