//! A phone is to be left alone.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use saoma_http::{Facts, Problem, body::Json};

use crate::{App, Named};

/// `DELETE /api/device/push`. A token that is not this account's stays where it is, and the answer is
/// the same.
pub(crate) async fn unregister(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    named: Result<Json<Named>, Problem>,
) -> Result<StatusCode, Problem> {
    let phone = app.phones.verify(&facts, &headers).await?.phone;
    let Json(named) = named?;
    let (platform, token) = named.read()?;
    if let Some(forgotten) = app.endpoints.forget(phone.account, &token.id(platform)).await? {
        app.push.forget(&forgotten.address).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
