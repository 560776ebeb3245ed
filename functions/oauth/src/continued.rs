//! The page's button "continue as": signs a person in with what their browser holds.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use saoma_http::{Facts, Problem, body::Json};

use crate::{
    App, browser,
    page::{GoTo, Sealed, opened},
};

/// The browser is not signed in, or not in the way that the request or the client asks for. The page begins again then.
const LOGIN_REQUIRED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "login_required",
    "The browser is not signed in as this client needs it; begin again.",
);

/// `POST /oauth/authorize/continue`, with the browser's cookie. Only our own page may press this button for its person:
/// browsers send the cookie with no call of another site (`SameSite=Lax`), a call with JSON needs an answer to its
/// preflight, which none gets, and browsers say where a call comes from (`docs/security.md` W1).
pub(crate) async fn continued(
    State(app): State<App>,
    facts: Facts,
    headers: HeaderMap,
    Json(Sealed { request: sealed, .. }): Json<Sealed>,
) -> Result<Json<GoTo>, Problem> {
    browser::must_be_our_page(&headers)?;
    let now = app.service.clock.now();
    let issuer = app.service.public_url(facts.domain())?;
    let (request, client) = opened(&app, &issuer, &sealed, now).await?;
    let browser = browser::taken_by(&client, &app, &headers, &issuer, now).await?;
    let wishes = request.wishes.open();
    let browser = browser.filter(|browser| app.browsers.serves(browser, &client, &wishes, now));
    let browser = browser.ok_or(LOGIN_REQUIRED)?;
    let url = browser::sign_in(&app, &facts, &issuer, &browser, (&client, request), now).await?;
    Ok(Json(GoTo { url }))
}
