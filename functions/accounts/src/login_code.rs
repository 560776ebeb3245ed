//! A person signs in, or registers, with a code that came by SMS.

use axum::extract::State;
use saoma_app::metrics::Metric;
use saoma_domain::{
    cases::{self, SignInError},
    history::Entry,
    identity::ClientId,
    ports::Freshness,
    push::PushKind,
    sms_code::SmsCode,
    time::Timestamp,
};
use saoma_http::{Facts, Problem, body::Json};
use serde::Deserialize;

use crate::{App, read_challenge, signed_in::SignedIn};

/// The challenge that asked for the code, and the code.
#[derive(Deserialize)]
pub(crate) struct Presented {
    challenge: Option<String>,
    code: String,
    /// The app's client id, as the app says: a hint on which nothing rests (`docs/security.md` K3). Without one, it is
    /// our own page.
    client: Option<String>,
}

/// `POST /api/user/login/code`. The same challenge and code again within 30 s give the same sign-in.
pub(crate) async fn login_code(
    State(app): State<App>,
    facts: Facts,
    Json(presented): Json<Presented>,
) -> Result<Json<SignedIn>, Problem> {
    let challenge = read_challenge(presented.challenge.as_deref())?;
    let code = SmsCode::parse(&presented.code).ok_or(SignInError::InvalidCode)?;
    let client = read_app(&app, presented.client.as_deref()).await?;
    let now = app.service.clock.now();
    let proof = app.people.prove_by_sms(&challenge, &code, facts.ip, now).await;
    if matches!(proof, Err(SignInError::InvalidCode | SignInError::UnknownChallenge)) {
        app.service.metrics.count(Metric::WrongCodes, now);
    }
    let proof = proof?;
    let signed_in = app.people.begin(proof, client, facts.seen()).await?;
    tell_the_others(&app, &signed_in, now).await;
    let answer = SignedIn::of(&app, &facts, &signed_in.account, &signed_in.sign_in, signed_in.is_new).await?;
    Ok(Json(answer.known_by(&signed_in.known)))
}

/// Tells the person's other phones that this one signed in (`docs/security.md` I8). A call that is repeated tells them
/// once more, with the same id.
async fn tell_the_others(app: &App, signed_in: &cases::SignedIn, now: Timestamp) {
    if signed_in.is_new {
        return;
    }
    let (account, this) = (signed_in.account.id, &signed_in.sign_in);
    let entry = Entry::of_sign_in(this).id;
    app.notices.tell(account, Some(&this.id), (PushKind::NewPhone, &entry), now).await;
}

/// The app through which a phone signs in: a registered client.
async fn read_app(app: &App, named: Option<&str>) -> Result<ClientId, Problem> {
    const UNKNOWN: Problem = Problem::bad_request("unknown_client", "client names no registered client.");
    let Some(named) = named else { return Ok(ClientId::phone()) };
    let id = ClientId::parse(named).ok_or(UNKNOWN)?;
    let registered = || app.clients.client(&id, Freshness::Eventual);
    let known =
        id == ClientId::phone() || registered().await?.registered().is_some_and(|client| client.enabled);
    if known { Ok(id) } else { Err(UNKNOWN.of_client(&id)) }
}
