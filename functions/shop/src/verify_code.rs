//! Is this code good? With the app's token, asking is scanning.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use saoma_domain::{
    cases::{self, StepError},
    secrets::SessionCode,
    session::{Dialect, Ext},
};
use saoma_http::{Facts, Problem, auth::presented_token, body::Json, consent::Consent};
use serde::Serialize;

use crate::App;

/// 1 valid, 0 not.
#[derive(Serialize)]
pub(crate) struct Verified {
    status: u8,
    /// Ours, to the app that scanned: what to show the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Consent>,
}

/// `GET /qrlogin/verifycode/{code}`.
pub(crate) async fn verify_code(
    State(app): State<App>,
    facts: Facts,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Verified>, Problem> {
    let invalid = Json(Verified { status: 0, consent: None });
    let scans = presented_token(&headers).is_some();
    let by = if scans { Some(app.phones.verify(&facts, &headers).await?) } else { None };
    let Some(code) = SessionCode::parse(&code) else { return Ok(invalid) };
    let now = app.service.clock.now();
    let Some(by) = by else {
        let session = match cases::status(&*app.sessions, &code, Dialect::Shop, None).await {
            Err(StepError::Unknown) => return Ok(invalid),
            view => view?.session().clone(),
        };
        let open = session.standing(now).is_undecided();
        return Ok(Json(Verified { status: u8::from(open), consent: None }));
    };
    let shop = Some(Dialect::Shop);
    match cases::scan(&*app.sessions, &*app.clients, &code, shop, by, Ext::default(), now).await {
        Ok(session) => {
            let client = app.service.client(&*app.clients, &session.client).await?;
            let consent = Some(Consent::new(&session, client.as_ref()));
            Ok(Json(Verified { status: 1, consent }))
        }
        Err(StepError::Unknown | StepError::Refused(_)) => Ok(invalid),
        Err(error @ StepError::Store(_)) => Err(error.into()),
    }
}
