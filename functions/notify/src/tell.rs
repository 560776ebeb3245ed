//! Tells the client and the topic's subscribers.

use saoma_app::login_event::LoginEvent;
use saoma_domain::{
    effect::Effect,
    ports::{QueuedCall, TopicMessage},
};

use crate::{App, EffectError, progress::Progress};

/// Publishes one message on the topic, and puts a call to the client's server into the queue.
pub(crate) async fn tell(app: &App, progress: &mut Progress) -> Result<(), EffectError> {
    let (session, now) = (&progress.session, app.service.clock.now());
    let Some(event) = LoginEvent::of(&app.service, &app.public_url, session, now)? else { return Ok(()) };
    if !progress.has(Effect::Published) {
        let message = TopicMessage {
            event_id: event.event_id.clone(),
            region: event.region.clone(),
            result_type: event.result_type.as_str(),
            body: serde_json::to_string(&event)?,
        };
        app.topic.publish(&message).await?;
        progress.add(Effect::Published);
    }
    if !progress.has(Effect::Queued) {
        queue(app, progress, event).await?;
        progress.add(Effect::Queued);
    }
    Ok(())
}

/// Puts the event into the queue without its ticket. The ticket is made anew when the call is sent, so the queue holds
/// no secret, and a late call carries a fresh ticket.
async fn queue(app: &App, progress: &Progress, event: LoginEvent) -> Result<(), EffectError> {
    let session = &progress.session;
    let client = app.service.client_behind(&*app.clients, session).await?;
    if client.and_then(|client| client.webhook).is_none() {
        return Ok(());
    }
    let ticket_of = event.ticket.is_some().then(|| session.code.clone());
    let event = LoginEvent { ticket: None, ..event };
    let body = serde_json::to_string(&event)?;
    let (client, at) = (session.client.clone(), app.service.clock.now());
    let call = QueuedCall { client, id: event.event_id, at, body, ticket_of };
    Ok(app.calls.queue(&call).await?)
}
