//! A phone can be pushed to.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use saoma_domain::push::PushEndpoint;
use saoma_http::{Facts, Problem, body::Json};
use serde::Serialize;

use crate::{App, Named};

/// Whether pushes will come.
#[derive(Debug, Serialize)]
pub(crate) struct Registered {
    push: bool,
}

/// `POST /api/device/push`: this phone's token, for this account alone. Where the deployment has no
/// such platform, the answer says that no push will come; `GET /login/pending` works all the same.
pub(crate) async fn register(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    named: Result<Json<Named>, Problem>,
) -> Result<Json<Registered>, Problem> {
    const TOO_MANY: Problem =
        Problem::new(StatusCode::CONFLICT, "too_many_phones", "Ten phones of one account get pushes.");
    let phone = app.phones.verify(&facts, &headers).await?.phone;
    let Json(named) = named?;
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
    if app.endpoints.keep(&endpoint).await? { Ok(Json(Registered { push: true })) } else { Err(TOO_MANY) }
}
