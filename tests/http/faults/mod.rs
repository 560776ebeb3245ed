//! Every route, with the answer of each of its store calls lost once, before and after the work was done.
//!
//! [`repeats`] makes a call in a world whose store fails at one call, and where the caller got a 503 makes it
//! again. The caller must get what a lucky caller gets in a world without faults, and the two worlds must keep
//! the same. A last round loses the whole answer of a call that went well.
//!
//! Answers are compared as whole bodies. Hidden are only the values that each call draws anew ([`Route::drawn`])
//! and the ids of tokens (`jti`); of a signed token its claims are compared. What a failed call may leave is one
//! session that no caller knows, and only where the route opens sessions ([`Route::opens`]).
//!
//! * `screens`: the routes of kiosks and PCs.
//! * `phones`: what a phone does with a code, our own pages, and pushes.
//! * `mine`: what a person lists and ends of what is theirs.
//! * `oauth`: the routes of standard clients.
//! * `people`: SMS, sign-ins and their refresh.
//! * `regions`: logins of hosted clients, and the prompts.

mod mine;
mod oauth;
mod people;
mod phones;
mod regions;
mod screens;

use std::{collections::BTreeMap, time::Duration};

use acceptance::{Answer, Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{ports::Clock, session::Session};
use saoma_memory::Fault;
use serde_json::{Map, Value, json};

/// One route, and what the driver knows of its answers.
#[derive(Clone, Copy, Debug, Default)]
struct Route {
    /// For the messages of failed tests.
    name: &'static str,
    /// Fields whose values are drawn anew by a call that is made again. A token's id (`jti`) always is.
    drawn: &'static [&'static str],
    /// Whether the call opens a session. A failed call may leave one that no caller knows.
    opens: bool,
    /// Whether the same call may not come again within a second.
    polls: bool,
}

const fn route(name: &'static str) -> Route {
    Route { name, drawn: &[], opens: false, polls: false }
}

/// Fails the route's store calls one by one. `prepare` brings a new world to where the call can be made.
async fn repeats(route: Route, prepare: impl AsyncFn(&World) -> Call) {
    repeats_anew(route, async |world| {
        let call = prepare(world).await;
        move |_: &World, _: &str| call.clone()
    })
    .await;
}

/// The same for a call that is not made twice alike: what `prepare` returns makes a call with this id, which is used once
/// (`docs/decisions/0020-one-record-for-what-is-used-once.md`).
async fn repeats_anew<Made>(route: Route, prepare: impl AsyncFn(&World) -> Made)
where
    Made: Fn(&World, &str) -> Call,
{
    let world = World::default();
    let call = prepare(&world).await;
    let before = world.memory.calls();
    let lucky = seen(route, &world.call(call(&world, "first")).await);
    let calls = world.memory.calls() - before;
    let kept = kept(&world);
    assert!(calls > 0, "{}: no store call", route.name);
    assert!(matches!(lucky.0, 200..=204 | 302 | 303), "{}: {lucky:#?}", route.name);

    for (fault, at) in
        [Fault::Refused, Fault::AnswerLost].iter().flat_map(|f| (0..calls).map(move |n| (f, n)))
    {
        let case = format!("{}: {fault:?} at call {at} of {calls}", route.name);
        let world = World::default();
        let call = prepare(&world).await;
        world.memory.inject(at, *fault);
        let mut answer = world.call(call(&world, "first")).await;
        assert!(!world.memory.disarm(), "{case}: did not strike");
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), "1", "{case}");
            answer = world.call(call(&world, "second")).await;
        } else if location(&answer).contains("error=temporarily_unavailable") {
            // The client is told, and sends its person again.
            answer = world.call(call(&world, "second")).await;
        }
        assert_eq!(seen(route, &answer), lucky, "{case}");
        assert_kept(route, &case, &world, &kept);
    }

    let case = format!("{}: the whole answer is lost", route.name);
    let world = World::default();
    let call = prepare(&world).await;
    world.call(call(&world, "first")).await;
    if route.polls {
        world.clock.advance(Duration::from_secs(1));
    }
    let again = world.call(call(&world, "second")).await;
    if !route.polls {
        assert_eq!(seen(route, &again), lucky, "{case}");
    }
    assert_kept(route, &case, &world, &kept);
}

/// Where an answer sends the browser.
fn location(answer: &Answer) -> &str {
    answer.headers.get("location").map_or("", |location| location.to_str().unwrap())
}

/// What a caller sees: the status, the body and where it is sent on, both without what is drawn, and whether a cookie was set.
fn seen(route: Route, answer: &Answer) -> (u16, Value, Value, bool) {
    let body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| drawn_or(route, "body", || json!(URL_SAFE_NO_PAD.encode(&answer.body))));
    let sent_on = || location(answer).split(['?', '&', '#', '=']).collect();
    let sent_on = drawn_or(route, "location", || without_drawn(route, sent_on()));
    let cookie = answer.headers.contains_key("set-cookie");
    (answer.status.as_u16(), without_drawn(route, body), sent_on, cookie)
}

/// Shows what a token says instead of its signature, and hides what is drawn.
fn without_drawn(route: Route, body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let shown = fields.map(|(name, value)| {
                let shown = drawn_or(route, &name, || without_drawn(route, value));
                (name, shown)
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.into_iter().map(|value| without_drawn(route, value)).collect(),
        Value::String(text) => match claims(&text) {
            Some(claims) => without_drawn(route, claims),
            None => Value::String(text),
        },
        other => other,
    }
}

fn drawn_or(route: Route, name: &str, shown: impl FnOnce() -> Value) -> Value {
    if name == "jti" || route.drawn.contains(&name) { json!("<drawn>") } else { shown() }
}

/// The claims of a signed token, alone or at the end of an address.
fn claims(text: &str) -> Option<Value> {
    let token = text.rsplit('=').next()?;
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// What a world keeps: its sessions by contract and state, and how much of everything else.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    sessions: BTreeMap<String, usize>,
    census: BTreeMap<&'static str, usize>,
    messages: usize,
    pictures: usize,
    forgotten: Vec<String>,
}

fn kept(world: &World) -> Kept {
    let mut sessions = BTreeMap::new();
    for session in world.memory.sessions() {
        *sessions.entry(format!("{:?} {}", session.dialect(), session.state.name())).or_default() += 1;
    }
    let mut forgotten = world.post.sent().forgotten;
    // An address that the push service does not know is forgotten already.
    forgotten.dedup();
    let (messages, pictures) = (world.outbox.messages().len(), world.drawer.pictures().len());
    Kept { sessions, census: world.memory.census(), messages, pictures, forgotten }
}

/// Asserts that nothing is lost, and nothing done twice.
fn assert_kept(route: Route, case: &str, world: &World, lucky: &Kept) {
    let mut kept = kept(world);
    if route.opens {
        let orphans: usize = kept.sessions.values().sum::<usize>() - lucky.sessions.values().sum::<usize>();
        assert!(orphans <= 1, "{case}: {kept:#?}");
        for (state, count) in &mut kept.sessions {
            let known = lucky.sessions.get(state).copied().unwrap_or_default();
            // It waits, or asks a person, or the call that came after it has replaced it, or a browser that is signed in
            // opened it and got no code.
            let may_be_an_orphan =
                ["pending", "scanned", "cancelled", "confirmed"].iter().any(|name| state.ends_with(name));
            if may_be_an_orphan && *count == known + 1 {
                *count = known;
            }
        }
        kept.sessions.retain(|_, count| *count > 0);
        kept.pictures = lucky.pictures.min(kept.pictures);
        let later = world.clock.now().plus(Duration::from_mins(5));
        let waits = |session: &Session| session.standing(later).is_undecided();
        assert!(!world.memory.sessions().iter().any(waits), "{case}: a session waits on");
    }
    assert_eq!(kept, *lucky, "{case}");
}
