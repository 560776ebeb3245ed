//! The next tokens for the last ones.

use axum::extract::State;
use saoma_domain::{cases, secrets::Secret};
use saoma_http::{Facts, Problem, body::Json};
use serde::Deserialize;

use crate::{App, signed_in::SignedIn};

/// The newest refresh token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presented {
    refresh_token: String,
}

/// `POST /api/user/refresh`. A refresh token works once; a used one ends the sign-in.
pub(crate) async fn refresh(
    State(app): State<App>,
    facts: Facts,
    Json(presented): Json<Presented>,
) -> Result<Json<SignedIn>, Problem> {
    let token = Secret::presented(&presented.refresh_token).ok_or_else(Problem::unauthorized)?;
    let service = &app.service;
    let life = service.settings.refresh_token_life;
    let renewed =
        cases::refresh(&*app.sign_ins, &*app.accounts, &*service.keys, &token, life, service.clock.now())
            .await?;
    SignedIn::of(&app, &facts, &renewed.account, &renewed.sign_in, false).map(Json)
}
