//! A person signs in directly in the browser, for a client that takes no other browser (`docs/oauth.md`, "Strict clients").

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::cases::BeginHere;
use saoma_http::{Facts, Problem, auth::SignedInPhone, body::Json};

use crate::{
    App, browser,
    page::{Sealed, opened},
};

/// The sign-in is older than browsers stay signed in, was used for a browser that has signed out, or is an app's. The page
/// asks for a new code by SMS.
const PROVE_HERE: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "fresh_proof_required",
    "The person must sign in with a code by SMS in this browser.",
);
/// The client is not strict, so its people scan.
const NOT_STRICT: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "access_denied",
    "Only a strict client has its people sign in here; scan instead.",
);

/// `POST /oauth/authorize/here`, with the token of a person who signed in by SMS in our own page in this browser. Signs the
/// browser in at the issuer. Repeating the call sets the same cookie.
pub(crate) async fn begin(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    phone: SignedInPhone,
    Json(Sealed { request: sealed, .. }): Json<Sealed>,
) -> Result<Response, Problem> {
    browser::must_be_our_page(&headers)?;
    let now = app.service.clock.now();
    let issuer = app.service.public_url(facts.domain())?;
    let (_, client) = opened(&app, &issuer, &sealed, now).await?;
    if !client.strict {
        return Err(NOT_STRICT);
    }
    match app.browsers.begin_here(&phone.by.phone, facts.seen(), now).await? {
        BeginHere::Begun(sign_in, token) => {
            let cookie = browser::keep(&app, &headers, &issuer, (&sign_in, &token), now).await?;
            Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
        }
        BeginHere::NeedsProof => Err(PROVE_HERE),
    }
}
