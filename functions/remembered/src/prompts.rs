//! A phone shows its person the prompts that wait, and sends the answer.

use axum::extract::State;
use saoma_app::Socket;
use saoma_domain::{cases::Answered, session::TraceId};
use saoma_http::{
    Facts, Problem,
    auth::{Caller, SignedInPhone},
    body::Json,
    consent::{Consent, picked_number},
};
use serde::{Deserialize, Serialize};

use crate::{App, told::Told};

/// How many seconds a phone waits before it asks again for what waits for its person.
const POLL_AFTER: u64 = 3;

/// The prompts that wait for this person, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract's name")]
pub(crate) struct Pending {
    pending: Vec<Prompt>,
    /// After how many seconds to ask again.
    poll_after: u64,
    /// Where the phone is told of the next one; missing where sockets are switched off.
    #[serde(flatten)]
    socket: Option<Socket>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prompt {
    trace_id: String,
    consent: Consent,
    expires_in: u64,
}

/// `GET /login/pending`: the prompts that wait, because pushes get lost. A phone that asks will see the next prompt
/// too, so its presence is noted from time to time.
pub(crate) async fn pending(
    State(app): State<App>,
    facts: Facts,
    SignedInPhone { by, since, .. }: SignedInPhone,
) -> Result<Json<Pending>, Problem> {
    let now = app.service.clock.now();
    if app.service.pace.is_news(&by.phone.sign_in, now) {
        app.logins.prompts.mark_present(&by.phone, now).await?;
        app.service.pace.noted(by.phone.sign_in.clone(), now);
    }
    let mut pending = Vec::new();
    for session in app.logins.pending(&by.phone, now).await? {
        let client = app.service.client_behind(&*app.clients, &session).await?;
        let admitted = client.as_ref().is_some_and(|client| client.admits(&by.app, since));
        if let Some(id) = session.prompt_id().filter(|_| admitted) {
            pending.push(Prompt {
                trace_id: id.to_string(),
                consent: Consent::new(&session, client.as_ref(), &facts, now),
                expires_in: session.expires_at.since(now).as_secs(),
            });
        }
    }
    let public_url = app.service.public_url(facts.domain())?;
    let socket = app.service.socket_for_person(&public_url, by.phone.account);
    Ok(Json(Pending { pending, poll_after: POLL_AFTER, socket }))
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
    Caller(by): Caller,
    Json(answering): Json<Answering>,
) -> Result<Json<Told>, Problem> {
    let number = picked_number(answering.match_number.as_deref())?;
    let trace = TraceId::parse(&answering.trace_id).ok_or_else(Problem::not_found)?;
    let answered = Answered { by, accepts: answering.accept, number };
    let session = app.logins.answer(&trace, answered, app.service.clock.now()).await?;
    Ok(Json(Told { state: Some(session.state.name()), ..Told::good(trace.to_string()) }))
}
