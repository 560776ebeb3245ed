//! A person is asked, and answers.

use axum::{extract::State, http::HeaderMap};
use saoma_domain::{
    cases::{self, Answered},
    session::TraceId,
};
use saoma_http::{
    Facts, Problem,
    body::Json,
    consent::{Consent, picked_number},
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    told::{Refused, Told},
};

/// What waits for this person, newest first.
#[derive(Serialize)]
pub(crate) struct Pending {
    pending: Vec<Prompt>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prompt {
    trace_id: String,
    consent: Consent,
    expires_in: u64,
}

/// `GET /login/pending`: what waits, since pushes get lost. A phone that asks is there to see the
/// next prompt too, so this is noted, now and then.
pub(crate) async fn pending(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
) -> Result<Json<Pending>, Refused> {
    let by = app.phones.verify(&facts, &headers).await?;
    let now = app.service.clock.now();
    if app.service.pace.is_news(&by.phone.sign_in, now) {
        app.prompts.mark_present(&by.phone, now).await?;
    }
    let life = app.service.settings.prompt_life;
    let mut pending = Vec::new();
    for session in cases::pending(&*app.sessions, &*app.prompts, &by.phone, life, now).await? {
        let client = app.service.client(&*app.clients, &session.client).await?;
        if client.as_ref().is_some_and(|client| client.admits(&by.app)) {
            pending.push(Prompt {
                trace_id: session.trace_id(),
                consent: Consent::new(&session, client.as_ref()),
                expires_in: session.expires_at.since(now).as_secs(),
            });
        }
    }
    Ok(Json(Pending { pending }))
}

/// What the person decided.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answering {
    trace_id: String,
    accept: bool,
    match_number: Option<String>,
}

/// `POST /login/answer`.
pub(crate) async fn answer(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    answering: Result<Json<Answering>, Problem>,
) -> Result<Json<Told>, Refused> {
    let by = app.phones.verify(&facts, &headers).await?;
    let Json(answering) = answering?;
    let number = picked_number(answering.match_number.as_deref())?;
    let trace = TraceId::parse(&answering.trace_id).ok_or_else(Problem::not_found)?;
    let answered = Answered { by, accepts: answering.accept, number };
    let session = cases::answer(
        &*app.sessions,
        &*app.traces,
        &*app.clients,
        &*app.devices,
        &trace,
        answered,
        app.service.clock.now(),
    )
    .await?;
    Ok(Json(Told { state: Some(session.state.name()), ..Told::good(session.trace_id()) }))
}
