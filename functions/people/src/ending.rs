//! Ends one row of a list, or all others.
//!
//! What is ended stays ended when the call is repeated, so a lost answer does no harm. An id that is not the caller's
//! is unknown.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use saoma_app::row_ids;
use saoma_domain::cases::{List, Removed, Row};
use saoma_http::{Problem, auth::SignedInPhone, body::Json};
use serde::Serialize;

use crate::{App, ids};

/// How many rows a call ended, and whether to repeat it for the rest.
#[derive(Serialize)]
pub(crate) struct Ended {
    ended: usize,
    more: bool,
}

/// `DELETE /api/user/sign-ins/{id}`: every call refuses its tokens at once (`docs/security.md` I7). The caller's own
/// may be ended, too.
pub(crate) async fn sign_in(
    State(app): State<App>,
    phone: SignedInPhone,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, &phone, row_ids::read_sign_in(&id)).await
}

/// `DELETE /api/user/sign-ins`: all but the caller's own.
pub(crate) async fn other_sign_ins(
    State(app): State<App>,
    phone: SignedInPhone,
) -> Result<Json<Ended>, Problem> {
    all(&app, &phone, &List::SignInsBut(phone.by.phone.sign_in.clone())).await
}

/// `DELETE /api/user/logins/{id}`.
pub(crate) async fn login(
    State(app): State<App>,
    phone: SignedInPhone,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, &phone, row_ids::read_login(&id)).await
}

/// `DELETE /api/user/logins`.
pub(crate) async fn logins(State(app): State<App>, phone: SignedInPhone) -> Result<Json<Ended>, Problem> {
    all(&app, &phone, &List::Logins).await
}

/// `DELETE /api/user/machines/{id}`.
pub(crate) async fn machine(
    State(app): State<App>,
    phone: SignedInPhone,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, &phone, row_ids::read_machine(&id)).await
}

/// `DELETE /api/user/machines`.
pub(crate) async fn machines(State(app): State<App>, phone: SignedInPhone) -> Result<Json<Ended>, Problem> {
    all(&app, &phone, &List::Machines).await
}

/// `DELETE /api/user/pairs/{id}`: the next login on that device must be scanned.
pub(crate) async fn pair(
    State(app): State<App>,
    phone: SignedInPhone,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, &phone, row_ids::read_pair(&id)).await
}

/// `DELETE /api/user/pairs`.
pub(crate) async fn pairs(State(app): State<App>, phone: SignedInPhone) -> Result<Json<Ended>, Problem> {
    all(&app, &phone, &List::Pairs).await
}

async fn one(app: &App, phone: &SignedInPhone, row: Option<Row>) -> Result<StatusCode, Problem> {
    let row = row.ok_or(ids::NOT_YOURS)?;
    let ended = app.mine.end(phone.account.id, &row, app.service.clock.now()).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(ids::NOT_YOURS) }
}

async fn all(app: &App, phone: &SignedInPhone, list: &List) -> Result<Json<Ended>, Problem> {
    let Removed { count, more } = app.mine.end_all(phone.account.id, list, app.service.clock.now()).await?;
    Ok(Json(Ended { ended: count, more }))
}
