//! Tells whether a code is good. With the app's token, the call also scans the code.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{ForeignStep, Target},
    secrets::SessionCode,
    session::{Dialect, Ext},
};
use saoma_http::{
    Facts, Problem, auth::MaybeCaller, body::Json, consent::Consent, foreign::OfAnyIssuer, harden::refused_as,
};
use serde::Serialize;

use crate::App;

/// 1 valid, 0 not.
#[derive(Serialize)]
pub(crate) struct Verified {
    status: u8,
    /// Ours, to the app that scanned: what the app shows the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Consent>,
}

/// `GET /qrlogin/verifycode/{code}`.
pub(crate) async fn verify_code(
    State(app): State<App>,
    facts: Facts,
    caller: OfAnyIssuer<MaybeCaller>,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let invalid = |why: Problem| refused_as(Json(Verified { status: 0, consent: None }).into_response(), why);
    let Some(code) = SessionCode::parse(&code) else { return Ok(invalid(Problem::not_found())) };
    let now = app.service.clock.now();
    let target = Target::of(code, Dialect::Shop);
    let by = match caller.at(&target, ForeignStep::Scan).await {
        Err(why) if why.code == Problem::not_found().code => return Ok(invalid(why)),
        by => by?,
    };
    let Some(by) = by else {
        return match app.logins.status(&target.code, Dialect::Shop, None).await {
            Ok(view) => {
                let open = view.session().standing(now).is_undecided();
                Ok(Json(Verified { status: u8::from(open), consent: None }).into_response())
            }
            Err(error) if error.is_final() => Ok(invalid(error.into())),
            Err(error) => Err(error.into()),
        };
    };
    match app.logins.scan(&target, by, Ext::default(), now).await {
        Ok(session) => {
            let client = app.service.client_behind(&*app.clients, &session).await?;
            let consent = Some(Consent::new(&session, client.as_ref(), &facts, now));
            Ok(Json(Verified { status: 1, consent }).into_response())
        }
        Err(error) if error.is_final() => Ok(invalid(error.into())),
        Err(error) => Err(error.into()),
    }
}
