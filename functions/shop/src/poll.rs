//! The PC asks how its QR stands, and takes its member, once.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::View,
    secrets::{SessionCode, TokenId},
    session::{Dialect, RedeemKey, Session, Standing},
};
use saoma_http::{Facts, Problem, body::Json, cookie::ScreenKey, early::too_early};
use serde::Serialize;

use crate::{App, member::Member};

/// 0 waiting, 1 scanned, -1 dead.
#[derive(Serialize)]
pub(crate) struct Status {
    status: i8,
}

impl Status {
    /// There is no such code, or it is over.
    pub(crate) const DEAD: Self = Self { status: -1 };
    const WAITING: Self = Self { status: 0 };
    const SCANNED: Self = Self { status: 1 };
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
    let dead = || Ok(Json(Status::DEAD).into_response());
    if SessionCode::parse(code).as_ref() != Some(&key.code) {
        return dead();
    }
    let session = match app.logins.status(&key.code, Dialect::Shop, Some(&key.secret)).await {
        Ok(View::Screen(session)) => session,
        Ok(View::Stranger(_)) => return dead(),
        Err(error) if error.is_final() => return dead(),
        Err(error) => return Err(error.into()),
    };
    let now = app.service.clock.now();
    let status = match session.standing(now) {
        Standing::Confirmed | Standing::Redeemed => return take(app, facts, session, key).await,
        Standing::Cancelled(_) | Standing::Expired => return dead(),
        Standing::Waiting => Status::WAITING,
        Standing::Scanned => Status::SCANNED,
    };
    let response = Json(status).into_response();
    Ok(match app.service.pace.poll(&session, true, now) {
        Ok(()) => response,
        Err(seconds) => too_early(response, seconds),
    })
}

/// Redeems the session, and only then signs the token.
async fn take(app: &App, facts: &Facts, session: Session, key: ScreenKey) -> Result<Response, Problem> {
    let service = &app.service;
    let key = RedeemKey::Screen(key.secret);
    let now = service.clock.now();
    let redeemed = match app.logins.redeem(session, key, TokenId::random(&*service.random), now).await {
        Ok(redeemed) => redeemed,
        Err(error) if error.is_final() => return Ok(Json(Status::DEAD).into_response()),
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
