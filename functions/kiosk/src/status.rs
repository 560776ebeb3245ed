//! The machine asks how its QR stands, and takes its token.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{Redeemed, StepFailure, View},
    secrets::{Secret, TokenId},
    session::{Dialect, RedeemKey, Session},
};
use saoma_http::{Facts, Problem, body::Json, cookie::ScreenKey, early::too_early, harden::refused_as};

use crate::{App, answer::Answer, create::Device, target};

/// `POST /api/qrCode/getLoginQrCode/{id}`.
///
/// Every caller with the id sees the state. A machine that names another mac sees nothing more. Only the holder of the
/// `pollToken` gets the `memberToken`.
pub(crate) async fn status(
    State(app): State<App>,
    facts: Facts,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(device): Json<Device>,
) -> Result<Response, Problem> {
    let now = app.service.clock.now();
    let code = target(&id)?.code;
    let key = ScreenKey::from_header(&headers).filter(|key| key.code == code);
    let secret = key.map(|key| key.secret);
    let view = app.logins.status(&code, Dialect::Kiosk, secret.as_ref()).await?;
    let session = view.session();
    let is_screen = matches!(view, View::Screen(_));
    let waits = session.standing(now).is_undecided();
    let early = waits.then(|| app.service.pace.poll(session, is_screen, now)).and_then(Result::err);

    let named = device.claims().device_mac;
    let response = if named.is_some() && named != session.claims.device_mac {
        Json(Answer::bare(&app, session)).into_response()
    } else {
        match (&view, secret) {
            (View::Screen(session), Some(secret)) => for_the_screen(&app, &facts, session, secret).await?,
            _ => Json(Answer::of(&app, &facts, session)?).into_response(),
        }
    };
    Ok(match early {
        Some(seconds) => too_early(response, seconds),
        None => response,
    })
}

/// The answer to the machine itself, with its token as soon as there is one to take.
async fn for_the_screen(
    app: &App,
    facts: &Facts,
    session: &Session,
    secret: Secret,
) -> Result<Response, Problem> {
    let now = app.service.clock.now();
    if !session.standing(now).is_signed_in() {
        return Ok(Json(Answer::of(app, facts, session)?).into_response());
    }
    let (key, id) = (RedeemKey::Screen(secret), TokenId::random(&*app.service.random));
    match app.logins.redeem(session.clone(), key, id, facts.ip, now).await {
        Ok(Redeemed { session, account, method, redemption, .. }) => {
            let life = app.service.settings.access_token_life;
            let issuer = app.service.public_url(facts.domain())?;
            let minted = app.service.keys.mint_screen_token(
                &issuer,
                &session,
                account.id,
                &redemption,
                method,
                life,
            )?;
            let answer = Answer {
                member_token: Some(minted.token),
                member_name: Some(account.nick_name()),
                ..Answer::of(app, facts, &session)?
            };
            Ok(Json(answer).into_response())
        }
        // It was used, cancelled or has expired since it was read, so the answer tells its new state.
        Err(error) if matches!(error.why, StepFailure::Refused(_)) => {
            let view = app.logins.status(&session.code, Dialect::Kiosk, None).await?;
            Ok(refused_as(Json(Answer::of(app, facts, view.session())?).into_response(), error))
        }
        Err(error) => Err(error.into()),
    }
}
