//! A phone asks for no more pushes.

use axum::{extract::State, http::StatusCode};
use saoma_http::{Problem, auth::SignedInPhone, body::Json};

use crate::{App, Named};

/// `DELETE /api/device/push`. Another account's token stays where it is, and the answer is the same. The push service
/// forgets the address before the store does, so repeating a call that failed in between still finds the address.
pub(crate) async fn unregister(
    State(app): State<App>,
    SignedInPhone { by, .. }: SignedInPhone,
    Json(named): Json<Named>,
) -> Result<StatusCode, Problem> {
    let phone = by.phone;
    let (platform, token) = named.read()?;
    let token = token.id(platform);
    let endpoints = app.endpoints.endpoints(phone.account).await?;
    if let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.token == token) {
        app.push.forget(&endpoint.address).await?;
        app.endpoints.forget(endpoint).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
