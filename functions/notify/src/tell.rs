//! Tells the client and the topic's subscribers.

use saoma_app::login_event::LoginEvent;
use saoma_domain::{
    effect::Effect,
    ports::{TopicMessage, Webhook, WebhookKeys},
    session::Session,
};

use crate::{App, EffectError, progress::Progress};

/// Publishes one message on the topic, and then calls the client's server with the same text. The topic comes first,
/// so a server that does not answer does not delay it.
pub(crate) async fn tell(app: &App, progress: &mut Progress) -> Result<(), EffectError> {
    let (session, now) = (&progress.session, app.service.clock.now());
    let Some(event) = LoginEvent::of(&app.service, &app.public_url, session, now)? else { return Ok(()) };
    let body = serde_json::to_string(&event)?;
    if !progress.has(Effect::Published) {
        let message = TopicMessage {
            event_id: event.event_id.clone(),
            region: event.region,
            result_type: event.result_type.as_str(),
            body: body.clone(),
        };
        app.topic.publish(&message).await?;
        progress.add(Effect::Published);
    }
    if !progress.has(Effect::Delivered) {
        deliver(app, &progress.session, event.event_id, body).await?;
        progress.add(Effect::Delivered);
    }
    Ok(())
}

async fn deliver(app: &App, session: &Session, id: String, body: String) -> Result<(), EffectError> {
    let client = app.service.client(&*app.clients, &session.client).await?;
    let Some((client, url)) = client.and_then(|it| Some((it.clone(), it.webhook?))) else { return Ok(()) };
    let at = app.service.clock.now();
    let keys = app.service.keys.webhook_keys(&client, at);
    let webhook = Webhook { url, id, at, body, keys };
    Ok(app.webhooks.deliver(&webhook).await?)
}
