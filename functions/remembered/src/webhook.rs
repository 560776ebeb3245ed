//! A region's server learns what its webhooks are signed with.

use axum::{extract::State, http::HeaderMap};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_http::{Problem, auth, body::Json};
use serde::Serialize;

use crate::App;

/// Where calls go, and how to check them.
#[derive(Serialize)]
pub(crate) struct WebhookKey {
    url: Option<String>,
    /// As the Standard Webhooks libraries take it. It has no `Debug` (J2).
    secret: String,
}

/// `GET /login/webhook`, for every client that can authenticate. The key follows from the
/// deployment's signing secret, so it stands in no table; after a rotation the new one is got here.
pub(crate) async fn webhook(State(app): State<App>, headers: HeaderMap) -> Result<Json<WebhookKey>, Problem> {
    let client = auth::client(&app.service, &*app.clients, &headers).await?;
    let keys = app.service.keys.webhook_keys(&client.id);
    let secret = keys.first().map(|key| format!("whsec_{}", STANDARD.encode(key))).unwrap_or_default();
    Ok(Json(WebhookKey { url: client.webhook.map(|webhook| webhook.url().to_string()), secret }))
}
