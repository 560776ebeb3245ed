//! The app lets the PC in.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{ForeignStep, StepError, StepFailure, Target},
    identity::Approver,
    secrets::SessionCode,
    session::{Dialect, Ext, MatchNumber, Refusal, Session},
};
use saoma_http::{
    Facts, Problem,
    auth::{MaybeSignedInPhone, SignedInPhone, presented_token},
    body::{Json, JsonOrForm},
    consent::picked_number,
    foreign::OfAnyIssuer,
    query::Query,
};
use serde::Deserialize;

use crate::{
    App,
    member::Member,
    poll::{dead, poll},
};

/// What the person picked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Picked {
    match_number: Option<String>,
}

/// `GET /qrlogin/qrcodelogin/{code}`: with the app's token it signs the PC in; with the PC's cookie it answers the poll.
/// A cookie confirms nothing (`docs/security.md` W2).
pub(crate) async fn sign_in_by_get(
    State(app): State<App>,
    caller: OfAnyIssuer<MaybeSignedInPhone>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let phone = match phone_of(caller, &code).await {
        Err(why) if why.code == Problem::not_found().code => return Ok(dead(why)),
        phone => phone?,
    };
    let Some(phone) = phone else { return poll(&app, &facts, &headers, &code).await };
    let number = picked_number(query.get("matchNumber"))?;
    let_in(&app, &facts, &headers, phone, &code, number).await
}

/// `POST /qrlogin/qrcodelogin/{code}`: the same. Apps should prefer it.
pub(crate) async fn sign_in(
    State(app): State<App>,
    caller: OfAnyIssuer<MaybeSignedInPhone>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
    JsonOrForm(picked): JsonOrForm<Picked>,
) -> Result<Response, Problem> {
    let phone = match phone_of(caller, &code).await {
        Err(why) if why.code == Problem::not_found().code => return Ok(dead(why)),
        phone => phone?,
    };
    let Some(phone) = phone else { return poll(&app, &facts, &headers, &code).await };
    let number = picked_number(picked.match_number.as_deref())?;
    let_in(&app, &facts, &headers, phone, &code, number).await
}

/// The phone that calls, if one does. One with a token of another issuer scans here, so its sign-in begins here.
async fn phone_of(
    caller: OfAnyIssuer<MaybeSignedInPhone>,
    code: &str,
) -> Result<Option<SignedInPhone>, Problem> {
    match (caller, SessionCode::parse(code)) {
        (OfAnyIssuer::Ours(MaybeSignedInPhone(phone)), _) => Ok(phone),
        (another, Some(code)) => another.at(&Target::of(code, Dialect::Shop), ForeignStep::Scan).await,
        (_, None) => Err(Problem::not_found()),
    }
}

/// Scans, if the phone has not scanned yet, and confirms. This contract joins the two steps for one phone (A9).
async fn let_in(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    SignedInPhone { by, account, method, .. }: SignedInPhone,
    code: &str,
    number: Option<MatchNumber>,
) -> Result<Response, Problem> {
    let Some(code) = SessionCode::parse(code) else { return Ok(dead(Problem::not_found())) };
    let target = Target::of(code, Dialect::Shop);
    match scan_and_confirm(app, &target, by, number).await {
        Ok(session) => {
            let (token, now) = (presented_token(headers).unwrap_or_default(), app.service.clock.now());
            let member = Member::of(app, facts, &session, (&account, method), token.to_owned(), now).await?;
            Ok(Json(member).into_response())
        }
        Err(error) if is_dead(&error) => Ok(dead(error)),
        Err(error) => Err(error.into()),
    }
}

async fn scan_and_confirm(
    app: &App,
    target: &Target,
    by: Approver,
    number: Option<MatchNumber>,
) -> Result<Session, StepError> {
    let now = app.service.clock.now();
    app.logins.scan(target, by.clone(), Ext::default(), now).await?;
    app.logins.confirm(target, by, number, now).await
}

/// Whether the contract's word for this is that the code is dead.
fn is_dead(error: &StepError) -> bool {
    matches!(
        error.why,
        StepFailure::Unknown
            | StepFailure::NotAllowed(_)
            | StepFailure::Refused(Refusal::Over | Refusal::Expired | Refusal::Cancelled | Refusal::Used)
    )
}
