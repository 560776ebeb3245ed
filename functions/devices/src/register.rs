//! A phone registers for pushes.

use axum::{extract::State, http::StatusCode};
use saoma_domain::{
    ports::EndpointKept,
    push::{PushEndpoint, PushKind},
};
use saoma_http::{Problem, auth::SignedInPhone, body::Json};
use serde::Serialize;

use crate::{App, Named};

/// Whether pushes will come.
#[derive(Debug, Serialize)]
pub(crate) struct Registered {
    push: bool,
}

/// `POST /api/device/push`: stores this phone's token for this account alone. A person from whose phone the token is
/// taken is told on their other phones (`docs/security.md` H8). If the deployment does not serve the
/// platform, the answer says that no push will come; `GET /login/pending` works without pushes.
pub(crate) async fn register(
    State(app): State<App>,
    SignedInPhone { by, .. }: SignedInPhone,
    Json(named): Json<Named>,
) -> Result<Json<Registered>, Problem> {
    const TOO_MANY: Problem =
        Problem::new(StatusCode::CONFLICT, "too_many_phones", "Ten phones of one account get pushes.");
    let phone = by.phone;
    let (platform, token) = named.read()?;
    if !app.push.serves(platform) {
        return Ok(Json(Registered { push: false }));
    }
    let endpoint = PushEndpoint {
        token: token.id(platform),
        platform,
        address: app.push.address(platform, &token).await?,
        owner: phone,
        registered_at: app.service.clock.now(),
    };
    match app.endpoints.keep(&endpoint).await? {
        EndpointKept::TooMany => return Err(TOO_MANY),
        EndpointKept::Stored { taken_from: None } => {}
        EndpointKept::Stored { taken_from: Some((loser, entry)) } => {
            app.notices.tell(loser, None, (PushKind::PushTaken, &entry), app.service.clock.now()).await;
        }
    }
    Ok(Json(Registered { push: true }))
}
