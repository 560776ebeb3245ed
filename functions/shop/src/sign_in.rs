//! The app lets the PC in.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{self, StepError},
    secrets::SessionCode,
    session::{Dialect, Ext, MatchNumber, Refusal},
};
use saoma_http::{
    Facts, Problem,
    auth::presented_token,
    body::{Json, JsonOrForm},
    consent::picked_number,
    query::Query,
};
use serde::Deserialize;

use crate::{
    App,
    member::Member,
    poll::{Status, poll},
};

/// What the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    match_number: Option<String>,
}

/// `GET /qrlogin/qrcodelogin/{code}`: with the app's token it signs the PC in; with the PC's cookie it
/// says how things stand. A cookie confirms nothing (ADVERSARIES W2).
pub(crate) async fn sign_in_by_get(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    query: Result<Query, Problem>,
) -> Result<Response, Problem> {
    let query = query?;
    if presented_token(&headers).is_none() {
        return poll(&app, &facts, &headers, &code).await;
    }
    let number = picked_number(query.get("matchNumber"))?;
    let_in(&app, &facts, &headers, &code, number).await
}

/// `POST /qrlogin/qrcodelogin/{code}`, the same, and the better way for an app.
pub(crate) async fn sign_in(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    picked: Result<JsonOrForm<Picked>, Problem>,
) -> Result<Response, Problem> {
    let JsonOrForm(picked) = picked?;
    if presented_token(&headers).is_none() {
        return poll(&app, &facts, &headers, &code).await;
    }
    let number = picked_number(picked.match_number.as_deref())?;
    let_in(&app, &facts, &headers, &code, number).await
}

/// Scans, if that was not done, and confirms: this contract joins the two for one phone (A9).
async fn let_in(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    code: &str,
    number: Option<MatchNumber>,
) -> Result<Response, Problem> {
    let (by, account) = app.phones.verify_account(facts, headers).await?;
    let Some(code) = SessionCode::parse(code) else { return Ok(Json(Status::DEAD).into_response()) };
    let (now, shop) = (app.service.clock.now(), Some(Dialect::Shop));
    let (sessions, clients) = (&*app.sessions, &*app.clients);
    let steps = async {
        cases::scan(sessions, clients, &code, shop, by.clone(), Ext::default(), now).await?;
        let (devices, accounts) = (&*app.devices, &*app.accounts);
        cases::confirm(sessions, clients, devices, accounts, &code, shop, by, number, now).await
    };
    let session = match steps.await {
        Ok(session) => session,
        Err(
            StepError::Unknown | StepError::Refused(Refusal::Expired | Refusal::Cancelled | Refusal::Used),
        ) => {
            return Ok(Json(Status::DEAD).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let token = presented_token(headers).unwrap_or_default().to_owned();
    Ok(Json(Member::of(app, facts, &session, &account, token, now).await?).into_response())
}
