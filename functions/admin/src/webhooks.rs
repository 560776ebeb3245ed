//! `webhooks.*`: the calls that clients' servers did not take in time, out of the failure queue.

use std::time::Duration;

use saoma_domain::{
    identity::ClientId,
    ports::{StoreError, WaitingCall},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    answer::{Done, Refused},
};

/// The most calls that one command looks at. The caller sends the command again while there are more.
const MOST: usize = 300;
/// How long calls that a command looks at are out of sight of others.
const HIDDEN: Duration = Duration::from_secs(30);

/// What can be done with the calls.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    #[serde(rename = "webhooks.list")]
    List(Whose),
    #[serde(rename = "webhooks.replay")]
    Replay(Whose),
}

/// Whose calls: one client's, or everyone's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    client: Option<String>,
}

impl Whose {
    fn read(self) -> Result<Option<ClientId>, Refused> {
        let parse = |raw: String| {
            ClientId::parse(&raw).ok_or_else(|| Refused::new("bad_setting", "client must be a client's id"))
        };
        self.client.map(parse).transpose()
    }
}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    match command {
        Command::List(whose) => list(app, whose.read()?).await,
        Command::Replay(whose) => replay(app, whose.read()?).await,
    }
}

/// Shows the calls, and leaves them where they are.
async fn list(app: &App, client: Option<ClientId>) -> Result<Done, Refused> {
    let (taken, more) = take(app).await?;
    for waiting in &taken {
        app.failed_calls.show_again(&waiting.receipt).await?;
    }
    let shown: Vec<Value> = taken.iter().filter(|it| is_of(it, client.as_ref())).map(shown).collect();
    Ok(Done::default().with("calls", json!(shown)).with("more", json!(more)))
}

/// Puts the calls back into the queue, from which they are made at once. A call whose removal fails is in both queues,
/// and its server gets it once more under the same id.
async fn replay(app: &App, client: Option<ClientId>) -> Result<Done, Refused> {
    let (taken, more) = take(app).await?;
    let (mut replayed, mut unreadable) = (0, 0);
    for waiting in taken.iter().filter(|it| is_of(it, client.as_ref())) {
        match &waiting.call {
            Ok(call) => {
                app.calls.queue(call).await?;
                app.failed_calls.remove(&waiting.receipt).await?;
                replayed += 1;
            }
            Err(_) => unreadable += 1,
        }
    }
    let done = Done::default().with("replayed", json!(replayed));
    Ok(done.with("unreadable", json!(unreadable)).with("more", json!(more)))
}

/// Calls out of the failure queue, out of sight for a while, and whether there may be more.
async fn take(app: &App) -> Result<(Vec<WaitingCall>, bool), StoreError> {
    let mut taken = Vec::new();
    while taken.len() < MOST {
        let batch = app.failed_calls.take(HIDDEN).await?;
        if batch.is_empty() {
            return Ok((taken, false));
        }
        taken.extend(batch);
    }
    Ok((taken, true))
}

/// Whether a call is of this client. A message that cannot be read is of none.
fn is_of(waiting: &WaitingCall, client: Option<&ClientId>) -> bool {
    client.is_none_or(|client| waiting.call.as_ref().is_ok_and(|call| call.client == *client))
}

/// A call as an operator sees it: everything but what it says.
fn shown(waiting: &WaitingCall) -> Value {
    match &waiting.call {
        Ok(call) => json!({ "client": call.client.as_str(), "event": call.id, "queuedAt": call.at.secs() }),
        Err(_) => json!({ "client": null, "event": null, "message": waiting.message }),
    }
}
