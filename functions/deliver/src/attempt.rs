//! One attempt at one call.

use std::time::Duration;

use saoma_domain::{
    client::Client,
    ports::{CallError, CallFailure, Freshness, QueuedCall, StoreError, Webhook, WebhookKeys},
    secrets::{SessionCode, TokenId},
    session::{Session, Standing},
};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    App,
    circuit::{self, Admission, Permit},
    pause,
};

/// What becomes of a call.
pub(crate) enum Outcome {
    /// The server took the call, or it must not get it. The message leaves the queue.
    Done,
    /// The server rests, so it was not called.
    Rests {
        /// How long the call waits.
        pause: Duration,
    },
    /// The call failed and will be made again.
    Failed {
        /// What happened, for the log.
        why: String,
        /// How long the call waits.
        pause: Duration,
    },
}

/// Makes one attempt. A call of a client that is gone, or has no server any more, is dropped.
pub(crate) async fn attempt(app: &App, call: &QueuedCall, handovers: u32) -> Outcome {
    match tried(app, call, handovers).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed { why: error.to_string(), pause: pause::after(app, handovers) },
    }
}

async fn tried(app: &App, call: &QueuedCall, handovers: u32) -> Result<Outcome, StoreError> {
    let Some(webhook) = webhook(app, call).await? else {
        dropped(call, "its client takes no calls any more");
        return Ok(Outcome::Done);
    };
    Ok(match circuit::admit(app, &call.client).await? {
        Admission::Rests(rest) => Outcome::Rests { pause: pause::until_rested(app, handovers, rest) },
        Admission::Call(permit) => send(app, call, &webhook, permit, handovers).await,
    })
}

/// The call as the client's server gets it, with today's address and keys. `None` when no server is to get it: its
/// client is gone, is switched off, has no server, or was registered again since the call was queued.
async fn webhook(app: &App, call: &QueuedCall) -> Result<Option<Webhook>, StoreError> {
    let client = app.service.client(&*app.clients, &call.client).await?;
    let its = |client: &Client| client.enabled && client.is_of(call.at);
    let Some(client) = client.filter(its) else { return Ok(None) };
    let at = app.service.clock.now();
    let keys = app.service.keys.webhook_keys(&client, at);
    let Some(url) = client.webhook else { return Ok(None) };
    let body = match &call.ticket_of {
        Some(code) => with_ticket(app, call, code).await?,
        None => call.body.clone(),
    };
    Ok(Some(Webhook { url, id: call.id.clone(), at, body, keys }))
}

/// The body with a fresh ticket. A login that is over by now has none to give.
async fn with_ticket(app: &App, call: &QueuedCall, code: &SessionCode) -> Result<String, StoreError> {
    let now = app.service.clock.now();
    let session = app.sessions.find(code, Freshness::Strong).await?;
    let confirmed =
        |session: &Session| session.client == call.client && session.standing(now) == Standing::Confirmed;
    let Some(session) = session.filter(confirmed) else { return Ok(call.body.clone()) };
    let (id, life) = (TokenId::random(&*app.service.random), app.service.settings.ticket_life);
    let ticket = app.service.keys.mint_ticket(&app.public_url, &session, &id, life, now);
    let ticket = ticket.map_err(|error| StoreError::at("signing a ticket", &error))?;
    let body: Result<Map<String, Value>, _> = serde_json::from_str(&call.body);
    let mut body = body.map_err(|error| StoreError::at("reading a queued call", &error))?;
    body.insert("ticket".to_owned(), Value::String(ticket));
    Ok(Value::Object(body).to_string())
}

/// Calls the server, and notes how it behaved.
async fn send(app: &App, call: &QueuedCall, webhook: &Webhook, permit: Permit, handovers: u32) -> Outcome {
    let began = Instant::now();
    let called = app.webhooks.call(webhook, permit.limit).await;
    if let Err(CallError { why: CallFailure::NoAnswer, .. }) = &called {
        permit.hung(app, &call.client).await;
    } else {
        permit.answered(app, &call.client, began.elapsed()).await;
    }
    let Err(error) = called else { return Outcome::Done };
    let pause = match &error.why {
        CallFailure::Gone => {
            dropped(call, &error.to_string());
            return Outcome::Done;
        }
        CallFailure::Refused { retry_after: Some(asked), .. } => pause::as_asked(app, handovers, *asked),
        _ => pause::after(app, handovers),
    };
    Outcome::Failed { why: error.to_string(), pause }
}

/// Says in the audit log that a call leaves the queue unmade.
fn dropped(call: &QueuedCall, cause: &str) {
    tracing::warn!(target: "audit", audit = "call.dropped", client = %call.client, cause, "a call was dropped");
}
