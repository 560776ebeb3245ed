//! The client and the topic's subscribers are told.

use saoma_domain::{
    ports::{TopicMessage, Webhook},
    session::Session,
};
use saoma_http::{Problem, login_event::LoginEvent};

use crate::{App, EffectError, done::Effect};

/// One message on the topic, and one call to the client's server, of the same words. The topic comes
/// first: a server that does not answer keeps nobody else waiting.
pub(crate) async fn tell(app: &App, session: &Session) -> Result<(), EffectError> {
    let now = app.service.clock.now();
    let Some(event) = LoginEvent::of(&app.service, &app.public_url, session, now)? else { return Ok(()) };
    let body = serde_json::to_string(&event)
        .map_err(|error| Problem::internal(format!("an event did not serialize: {error}")))?;
    let message = TopicMessage {
        event_id: event.event_id.clone(),
        region: event.region,
        result_type: event.result_type.as_str(),
        body: body.clone(),
    };
    if !app.done.knows(session, Effect::Published) {
        app.topic.publish(&message).await?;
        app.done.note(session, Effect::Published);
    }
    let client = app.service.client(&*app.clients, &session.client).await?;
    let Some(url) = client.and_then(|client| client.webhook) else { return Ok(()) };
    let keys = app.service.keys.webhook_keys(&session.client);
    let webhook = Webhook { url, id: event.event_id, at: now, body, keys };
    Ok(app.webhooks.deliver(&webhook).await?)
}
