//! A phone exchanges its refresh token for the next tokens.

use axum::extract::State;
use saoma_domain::{cases::SignInError, secrets::Secret};
use saoma_http::{Facts, Problem, body::Json};
use serde::Deserialize;

use crate::{App, signed_in::SignedIn};

/// The newest refresh token, or the one before it when its answer was lost.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presented {
    refresh_token: String,
}

/// `POST /api/user/refresh`. The previous refresh token gets the same next one for ten minutes. Later, or in three
/// rotations in a row, it ends the sign-in (`docs/security.md` E15).
pub(crate) async fn refresh(
    State(app): State<App>,
    facts: Facts,
    Json(presented): Json<Presented>,
) -> Result<Json<SignedIn>, Problem> {
    let token = Secret::presented(&presented.refresh_token).ok_or(SignInError::UnknownToken)?;
    let renewed = app.people.refresh(&token, app.service.clock.now()).await?;
    SignedIn::of(&app, &facts, &renewed.account, &renewed.sign_in, false).await.map(Json)
}
