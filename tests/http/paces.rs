//! How fast a caller may ask before it is answered 429. Each instance counts for itself.

use std::time::Duration;

use acceptance::{Answer, Call, World};
use axum::http::StatusCode;
use saoma_app::pace::CALLS_OF_A_PHONE_PER_MINUTE;

use crate::web::{Pc, app, basic, done, register_shop};

const GUESSER: &str = "198.51.100.66";
/// The default of `MissesPerMinute`.
const MISSES_PER_MINUTE: u32 = 120;
const NEIGHBOUR: &str = "198.51.100.67";

/// Makes a call more often than a network may miss, and returns the last answer.
async fn insist(world: &World, call: impl Fn(u32) -> Call) -> Answer {
    for nth in 0..MISSES_PER_MINUTE {
        let answer = world.call(call(nth).from_ip(GUESSER)).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "call {nth}: {}", answer.whole());
    }
    world.call(call(MISSES_PER_MINUTE).from_ip(GUESSER)).await
}

/// A code that no session has.
fn unknown(nth: u32) -> String {
    format!("{nth:0>26}")
}

// D11 K15
#[tokio::test]
async fn a_network_that_polls_unknown_codes_is_slowed_down_and_its_neighbour_is_not() {
    let world = World::default();
    let poll = |nth| {
        let call = Call::post(&format!("/api/qrCode/getLoginQrCode/{}", unknown(nth)));
        call.json(&serde_json::json!({}))
    };
    insist(&world, poll).await.problem(429, "too_many_requests");
    world.call(poll(0).from_ip(NEIGHBOUR)).await.problem(404, "not_found");
    world.clock.advance(Duration::from_mins(1));
    world.call(poll(0).from_ip(GUESSER)).await.problem(404, "not_found");
}

// D11: in the web contract a dead QR is a normal answer.
#[tokio::test]
async fn a_network_that_polls_with_made_up_cookies_is_slowed_down() {
    let world = World::default();
    let secret = Pc::open(&world).await.poll_token.split_once('.').unwrap().1.to_owned();
    let poll = |nth| Call::get("/qr/login").header("token", &format!("{}.{secret}", unknown(nth)));
    let answer = insist(&world, poll).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["statusflag"], -1);
}

// D11 K15
#[tokio::test]
async fn a_network_that_guesses_client_secrets_is_slowed_down() {
    let world = World::default();
    register_shop(&world);
    let guess = |nth: u32| {
        let call = Call::post("/qr/ticket").header("authorization", &basic("shop", &format!("guess-{nth}")));
        call.json(&serde_json::json!({"ticket": "x"}))
    };
    let answer = insist(&world, guess).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "61"));
    assert_eq!(answer.text("code"), "too_many_requests");
}

// K15: a session of the guesser's own opens no way around the limit.
#[tokio::test]
async fn a_guesser_gains_nothing_by_naming_a_session_of_its_own() {
    let world = World::default();
    register_shop(&world);
    let own = Pc::open(&world).await;
    let poll = Call::get("/qr/login").cookie(&own.cookie).from_ip(GUESSER);
    assert_eq!(world.call(poll).await.status, 200);
    let guess = |nth: u32| {
        let call = Call::post("/qr/ticket").header("authorization", &basic("shop", &format!("guess-{nth}")));
        call.cookie(&own.cookie).json(&serde_json::json!({"ticket": "x"}))
    };
    assert_eq!(insist(&world, guess).await.status, 429);
}

// D7 D8: a neighbour behind the same address still sees its own QR signed in.
#[tokio::test]
async fn a_screen_that_this_instance_knows_is_not_slowed_down_by_a_guesser_behind_its_address() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let poll = || Call::get("/qr/login").cookie(&pc.cookie).from_ip(GUESSER);
    assert_eq!(world.call(poll()).await.json()["statusflag"], 0);
    let secret = pc.poll_token.split_once('.').unwrap().1;
    insist(&world, |nth| Call::get("/qr/login").header("token", &format!("{}.{secret}", unknown(nth)))).await;
    for step in ["lock", "activate"] {
        done(&app(&world, step, &person, &pc.code).await);
    }
    assert_eq!(world.call(poll()).await.json()["statusflag"], 2);
}

// K15
#[tokio::test]
async fn a_phone_that_asks_without_end_is_slowed_down_and_others_are_not() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    let pending = |token: &str| Call::get("/login/pending").bearer(token);
    for _ in 0..CALLS_OF_A_PHONE_PER_MINUTE {
        assert_eq!(world.call(pending(&person.token)).await.status, 200);
    }
    assert_eq!(world.call(pending(&person.token)).await.status, 429);
    assert_eq!(world.call(pending(&other.token)).await.status, 200);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.call(pending(&person.token)).await.status, 200);
}
