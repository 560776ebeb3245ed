//! A region's server fetches the key that signs its webhooks.

use axum::{extract::State, http::HeaderMap};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_domain::ports::WebhookKeys;
use saoma_http::{Problem, auth, body::Json};
use serde::Serialize;

use crate::App;

/// The address that gets the calls, and the key that verifies them.
#[derive(Serialize)]
pub(crate) struct WebhookKey {
    url: Option<String>,
    /// As the Standard Webhooks libraries take it. It has no `Debug` (J2).
    secret: String,
}

/// `GET /login/webhook`, for every client that can authenticate. The key is derived from the deployment's signing
/// secret, so no table holds it. After a rotation, the server fetches the new one here.
pub(crate) async fn webhook(State(app): State<App>, headers: HeaderMap) -> Result<Json<WebhookKey>, Problem> {
    let client = auth::client(&app.service, &*app.clients, &headers).await?;
    let keys = app.service.keys.webhook_keys(&client, app.service.clock.now());
    let secret = keys.first().map(|key| format!("whsec_{}", STANDARD.encode(key))).unwrap_or_default();
    Ok(Json(WebhookKey { url: client.webhook.map(|webhook| webhook.url().to_string()), secret }))
}
