//! A phone asks for no more pushes.

use axum::{extract::State, http::StatusCode};
use saoma_http::{Problem, auth::SignedInPhone, body::Json};

use crate::{App, Named};

/// `DELETE /api/device/push`. Another account's token stays where it is, and the answer is the same.
pub(crate) async fn unregister(
    State(app): State<App>,
    SignedInPhone { by, .. }: SignedInPhone,
    Json(named): Json<Named>,
) -> Result<StatusCode, Problem> {
    let phone = by.phone;
    let (platform, token) = named.read()?;
    if let Some(forgotten) = app.endpoints.forget(phone.account, &token.id(platform)).await? {
        app.push.forget(&forgotten.address).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
