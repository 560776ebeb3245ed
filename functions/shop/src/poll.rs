//! The PC asks how its QR stands, and takes its member, once.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{StepError, View},
    secrets::{SessionCode, TokenId},
    session::{Dialect, RedeemKey, Refusal, Session, Standing},
};
use saoma_http::{Facts, Problem, body::Json, cookie::ScreenKey, early::too_early, harden::refused_as};
use serde::Serialize;

use crate::{App, member::Member};

/// 0 waiting, 1 scanned, -1 dead.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    status: i8,
    /// Ours: after how many seconds to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_after: Option<u64>,
}

impl Status {
    /// There is no such code, or it is over.
    const DEAD: Self = Self { status: -1, poll_after: None };
}

/// The PC's cookie identifies it. A cookie of another code, or with another secret, gets the same answer as an expired
/// one (W15).
pub(crate) async fn poll(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    code: &str,
) -> Result<Response, Problem> {
    let public_url = app.service.public_url(facts.domain())?;
    let key = ScreenKey::from_cookie(headers, &public_url).ok_or_else(Problem::no_screen)?;
    if SessionCode::parse(code).as_ref() != Some(&key.code) {
        return Ok(dead(Problem::not_found()));
    }
    let session = match app.logins.status(&key.code, Dialect::Shop, Some(&key.secret)).await {
        Ok(View::Screen(session)) => session,
        Ok(View::Stranger(session)) => return Ok(dead(StepError::of(&session, Refusal::NotTheScreen))),
        Err(error) if error.is_final() => return Ok(dead(error)),
        Err(error) => return Err(error.into()),
    };
    let now = app.service.clock.now();
    let status = match session.standing(now) {
        Standing::Confirmed | Standing::Redeemed => return take(app, facts, session, key).await,
        Standing::Cancelled(_) => return Ok(dead(StepError::of(&session, Refusal::Cancelled))),
        Standing::Expired => return Ok(dead(StepError::of(&session, Refusal::Expired))),
        Standing::Waiting => 0,
        Standing::Scanned => 1,
    };
    let poll_after = Some(session.poll_after(now).as_secs());
    let response = Json(Status { status, poll_after }).into_response();
    Ok(match app.service.pace.poll(&session, true, now) {
        Ok(()) => response,
        Err(seconds) => too_early(response, seconds),
    })
}

/// The answer that says the QR is dead. The log is told why.
pub(crate) fn dead(why: impl Into<Problem>) -> Response {
    refused_as(Json(Status::DEAD).into_response(), why)
}

/// Redeems the session, and only then signs the token.
async fn take(app: &App, facts: &Facts, session: Session, key: ScreenKey) -> Result<Response, Problem> {
    let service = &app.service;
    let key = RedeemKey::Screen(key.secret);
    let now = service.clock.now();
    let id = TokenId::random(&*service.random);
    let redeemed = match app.logins.redeem(session, key, id, facts.ip, now).await {
        Ok(redeemed) => redeemed,
        Err(error) if error.is_final() => return Ok(dead(error)),
        Err(error) => return Err(error.into()),
    };
    let (issuer, life) = (service.public_url(facts.domain())?, service.settings.access_token_life);
    let (session, account, redemption) = (&redeemed.session, &redeemed.account, &redeemed.redemption);
    let minted =
        service.keys.mint_screen_token(&issuer, session, account.id, redemption, redeemed.method, life)?;
    let member =
        Member::of(app, facts, session, (account, redeemed.method), minted.token, redemption.at).await?;
    Ok(Json(member).into_response())
}
