//! Which browser is signed in at the issuer, and what that spares its person.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use saoma_domain::{
    cases::{Opening, SignedInBrowser},
    client::Client,
    identity::AccountId,
    oauth::{Prompts, RequestHash, Scopes, Wishes},
    opener::Opener,
    secrets::{Secret, TokenId},
    session::{Flow, ScreenClaims, Session},
    sign_in::SignIn,
    time::Timestamp,
};
use saoma_http::{
    Facts, Problem,
    cookie::{browser_token, keep_browser},
    query::Query,
    site::is_elsewhere,
};
use saoma_tokens::authorization::AuthorizationRequest;

use crate::{App, answer::answer_to};

/// The longest `login_hint` that is read, in bytes. A longer one is no number.
const LONGEST_HINT: usize = 32;

/// What a request leads to in the browser that brings it.
pub(crate) enum Way {
    /// The person scans, or signs in in this browser first.
    Scan,
    /// The person is signed in, and is asked whether this client may know it.
    Ask,
    /// The person is signed in and has agreed before.
    Through(Box<SignedInBrowser>),
}

/// The browser behind a request's cookie, if it is signed in now.
pub(crate) async fn signed_in(
    app: &App,
    headers: &HeaderMap,
    issuer: &str,
    now: Timestamp,
) -> Result<Option<SignedInBrowser>, Problem> {
    match browser_token(headers, issuer) {
        Some(token) => Ok(app.browsers.behind(&token, now).await?),
        None => Ok(None),
    }
}

/// The browser behind a request's cookie, if it is signed in now and this client takes it. A strict client takes only a
/// browser in which the person signed in directly (`docs/security.md` K19).
pub(crate) async fn taken_by(
    client: &Client,
    app: &App,
    headers: &HeaderMap,
    issuer: &str,
    now: Timestamp,
) -> Result<Option<SignedInBrowser>, Problem> {
    let browser = signed_in(app, headers, issuer, now).await?;
    Ok(browser.filter(|browser| !client.strict || browser.is_direct()))
}

/// The opener of a session in this browser. `None` for a client that is not strict: no step asks for it.
pub(crate) fn opener(client: &Client, browser: Option<&SignedInBrowser>) -> Option<Opener> {
    browser.filter(|_| client.strict).map(|browser| Opener::Browser(browser.sign_in.phone()))
}

/// Refuses a call of another site's page (`docs/security.md` W1).
pub(crate) fn must_be_our_page(headers: &HeaderMap) -> Result<(), Problem> {
    const ANOTHER_SITE: Problem =
        Problem::new(StatusCode::FORBIDDEN, "access_denied", "Only our own page makes this call.");
    if is_elsewhere(headers) { Err(ANOTHER_SITE) } else { Ok(()) }
}

/// Replaces the browser's sign-in at the issuer by this one. Returns the cookie to set.
pub(crate) async fn keep(
    app: &App,
    headers: &HeaderMap,
    issuer: &str,
    (sign_in, token): (&SignIn, &Secret),
    now: Timestamp,
) -> Result<HeaderValue, Problem> {
    let before = match browser_token(headers, issuer) {
        Some(token) => app.browsers.named(&token).await,
        None => None,
    };
    if let Some(before) = before.filter(|before| *before != sign_in.phone()) {
        app.browsers.end(&before).await?;
    }
    keep_browser(token, issuer, sign_in.expires_at.since(now).as_secs())
}

/// What a request leads to. The checks, in order: the browser is signed in; it is what the client wishes for, and the
/// client takes it; the client does not wish that the person is asked; the answer goes to an `https` address, because any
/// program on a device may listen at the others (RFC 8252 section 8.6); the person has agreed before.
pub(crate) async fn way(
    app: &App,
    headers: &HeaderMap,
    issuer: &str,
    (client, request): (&Client, &AuthorizationRequest),
    now: Timestamp,
) -> Result<Way, Problem> {
    let Some(browser) = taken_by(client, app, headers, issuer, now).await? else { return Ok(Way::Scan) };
    let wishes = request.wishes.open();
    if !app.browsers.serves(&browser, client, &wishes, now) {
        return Ok(Way::Scan);
    }
    if wishes.want_a_word() || !request.redirect_uri.starts_with("https://") {
        return Ok(Way::Ask);
    }
    let scopes = Scopes::parse(&request.scope);
    let approved = app.browsers.has_approved(browser.account.id, client, scopes, now).await?;
    Ok(if approved { Way::Through(Box::new(browser)) } else { Way::Ask })
}

/// Signs the person in with the browser's sign-in: the address that the browser goes to, with a code. A repeated call
/// makes another session and another code, and the client gets one of them.
pub(crate) async fn sign_in(
    app: &App,
    facts: &Facts,
    issuer: &str,
    browser: &SignedInBrowser,
    (client, request): (&Client, AuthorizationRequest),
    now: Timestamp,
) -> Result<String, Problem> {
    let service = &app.service;
    service.pace.open(facts.network(), now).map_err(Problem::too_many)?;
    let opening = Opening {
        flow: Flow::Oauth {
            scopes: Scopes::parse(&request.scope),
            // No page shows a QR, so no page asks for it by its request.
            request: Some(RequestHash::of(&request.redirect_uri)),
            key: None,
            // None is shown, so none can be copied.
            rotates: true,
        },
        client,
        claims: ScreenClaims::default(),
        seen: facts.seen(),
        opener: opener(client, Some(browser)),
        life: service.settings.session_life,
    };
    let session = app.browsers.sign_in(&browser.sign_in, opening, now).await?;
    code_url(app, issuer, &session, request, now)
}

/// The address that the browser goes to with a fresh code of this session.
pub(crate) fn code_url(
    app: &App,
    issuer: &str,
    session: &Session,
    request: AuthorizationRequest,
    now: Timestamp,
) -> Result<String, Problem> {
    let service = &app.service;
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let id = TokenId::random(&*service.random);
    let code = service.keys.mint_code(issuer, session, request, &id, now)?;
    Ok(answer_to(&redirect_uri, &[("code", &code)], state.as_deref(), issuer))
}

/// What a request says about how the person is signed in; or what is wrong with it, as an error that the client is told.
pub(crate) async fn wishes(
    app: &App,
    issuer: &str,
    query: &Query,
) -> Result<Wishes, (&'static str, &'static str)> {
    const PROMPT: &str = "prompt is none, login, consent or select_account; none stands alone.";
    let prompts = Prompts::parse(query.get("prompt").unwrap_or_default());
    let prompts = prompts.ok_or(("invalid_request", PROMPT))?;
    let max_age = query.get("max_age").map(|raw| seconds(raw).ok_or(()));
    let max_age =
        max_age.transpose().map_err(|()| ("invalid_request", "max_age is a whole number of seconds."))?;
    let hint = query.get("login_hint").map(str::trim).filter(|hint| hint.len() <= LONGEST_HINT);
    let person = match query.get("id_token_hint") {
        Some(token) => Some(hinted(app, issuer, token).await?),
        None => None,
    };
    Ok(Wishes { prompts, max_age, login_hint: hint.map(str::to_owned), person })
}

/// A number of seconds in digits. One that no clock counts to stands for the longest time.
fn seconds(raw: &str) -> Option<Duration> {
    let digits = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(raw.parse().unwrap_or(u64::from(u32::MAX))))
}

async fn hinted(app: &App, issuer: &str, token: &str) -> Result<AccountId, (&'static str, &'static str)> {
    let hint = app.service.keys.read_id_token_hint(issuer, token).await;
    hint.map(|hint| hint.account).map_err(|_| ("invalid_request", "id_token_hint is no ID token of ours."))
}
