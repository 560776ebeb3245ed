//! Slows down a network that guesses: unknown codes, wrong client secrets, bad tickets, tags of rotating QRs
//! (`docs/security.md` D11, K15, L4).
//!
//! Codes and secrets have 128 bits and more, so no guess succeeds. A tag has 25, and counts for a minute. What a guesser spends is our money: each guess is a
//! call and a read. So this instance answers a network 429 for the rest of a minute in which it has missed too often,
//! and asks no store. Which sessions it knows, [`FoundSessions`](saoma_app::FoundSessions) and
//! [`FoundChecks`](saoma_app::FoundChecks) note where they are read, so a name that a caller makes up counts for nothing.
//! Pages and files hold nothing to guess, and are never refused ([`hardened_with_files`](crate::harden::hardened_with_files)).

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse, Response},
};
use saoma_app::Service;
use saoma_domain::{scan::Scanned, secrets::SessionCode};

use crate::{Facts, Problem, auth, cookie::ScreenKey};

/// The codes of the refusals that count as a miss.
const MISSES: [&str; 4] = ["not_found", "invalid_client", "invalid_ticket", "stale_code"];

/// The calls of a person's own sign-in. Many people sign in behind one address, and one of them may guess, so only the
/// guesses themselves are refused, once they are known for guesses (`docs/security.md` K8). And the call that names its
/// session in its body: its handler asks whether the network may, once it has read the name.
const ASK_LATER: [&str; 4] =
    ["/api/user/sendCode", "/api/user/login/code", "/api/user/refresh", "/oauth/token"];

/// Refuses a network that has missed too often, and counts the misses of the others.
pub(crate) async fn slow_down(
    State(service): State<Service>,
    facts: Facts,
    request: Request,
    next: Next,
) -> Response {
    let (pace, now, network) = (&service.pace, service.clock.now(), facts.network());
    let about = session_of(&service, &facts, &request);
    let asks_later = ASK_LATER.contains(&request.uri().path());
    if !asks_later && let Err(seconds) = pace.ask(network, about.as_ref(), now) {
        return Problem::too_many(seconds).into_response();
    }
    let answer = next.run(request).await;
    let is_miss = |problem: &Problem| problem.is_guess || MISSES.contains(&problem.code);
    if !answer.extensions().get::<Problem>().is_some_and(is_miss) {
        return answer;
    }
    let asked = pace.ask(network, None, now);
    pace.missed(network, now);
    match asked {
        Err(seconds) if asks_later => Problem::too_many(seconds).into_response(),
        _ => answer,
    }
}

/// The calls that bring a ticket, or a code with a tag in their body. Whichever session their cookie names, it is the ticket
/// or the tag that could be guessed.
const BRING_A_GUESS: [&str; 5] = ["/qr/ticket", "/welcome", "/qr/lock", "/qr/activate", "/qr/cancel"];

/// The session that a request asks about: in its path, its `token` header or its cookie. `None` for a request that could
/// guess something else, a ticket, a client's secret or a tag, while it names a session of its own.
fn session_of(service: &Service, facts: &Facts, request: &Request) -> Option<SessionCode> {
    let as_a_client = auth::is_basic(request.headers());
    let path = request.uri().path();
    let names_a_client = path.starts_with("/oauth/") && !path.starts_with("/oauth/authorize/");
    let has_a_tag = |part| Scanned::parse(part).is_some_and(|scanned| scanned.tag.is_some());
    let brings_a_tag = path.split('/').any(has_a_tag);
    if as_a_client || names_a_client || brings_a_tag || BRING_A_GUESS.contains(&path) {
        return None;
    }
    let in_path = || request.uri().path().split('/').find_map(SessionCode::parse);
    let held = |headers: &HeaderMap| {
        let public_url = service.public_url(facts.domain()).ok()?;
        ScreenKey::from_header(headers).or_else(|| ScreenKey::from_cookie(headers, &public_url))
    };
    // The page of an authorization request holds its request behind the key.
    let of_a_page = || SessionCode::parse(auth::presented_token(request.headers())?.split('.').next()?);
    in_path().or_else(|| held(request.headers()).map(|key| key.code)).or_else(of_a_page)
}
