//! How fast a caller may ask before it is answered 429. Each instance counts for itself.

use std::{net::IpAddr, sync::Arc, time::Duration};

use acceptance::{Answer, Call, World};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_app::{
    FoundSessions,
    pace::{CALLS_OF_A_PHONE_PER_MINUTE, Pace},
};
use saoma_domain::{
    identity::{Phone, SignInId},
    oauth::ClientAuth,
    ports::{Clock, Committed, Sessions, WriteId},
    rotation::Sighting,
    session::Command,
};
use saoma_memory::contract::change;
use serde_json::json;

use crate::{
    oauth::{
        self, Device,
        code::{Page, SITE},
    },
    remembered::Region,
    web::{Pc, app, basic, done, register_shop},
};

const GUESSER: &str = "198.51.100.66";
/// The default of `MissesPerMinute`.
const MISSES_PER_MINUTE: u32 = 120;
const NEIGHBOUR: &str = "198.51.100.67";
/// Pages and files that are the same for every caller.
const FILES: [&str; 15] = [
    "/",
    "/authorize",
    "/authorize/here",
    "/device",
    "/phone",
    "/account",
    "/downloads.html",
    "/favicon.ico",
    "/openapi.json",
    "/widget.js",
    "/widget/0123456789abcdef/widget.js",
    "/widget.d.ts",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
];

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
        call.json(&json!({}))
    };
    insist(&world, poll).await.problem(429, "too_many_requests");
    world.call(poll(0).from_ip(NEIGHBOUR)).await.problem(404, "not_found");
    world.clock.advance(Duration::from_mins(1));
    world.call(poll(0).from_ip(GUESSER)).await.problem(404, "not_found");
}

// A page of any site may read the 429 of its two calls, and so learns how long to wait. The answer holds nothing else.
#[tokio::test]
async fn a_page_of_a_site_reads_that_it_is_slowed_down() {
    let world = World::default();
    let poll = |nth| Call::get("/qr/login").header("token", &format!("{}.{}", unknown(nth), "x".repeat(43)));
    insist(&world, poll).await;
    let page = |path: &str| Call::get(path).from_ip(GUESSER).header("origin", "https://shop.example");
    for path in ["/qr/login", "/qr/code?client=shop", "/qr/loginpic"] {
        let answer = world.call(page(path)).await;
        assert_eq!(answer.status, 429, "{path}");
        let readable = if path == "/qr/loginpic" { "" } else { "*" };
        assert_eq!(answer.header("access-control-allow-origin"), readable, "{path}");
    }
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

// D11: a session counts as known when a store had it, not when a caller names it.
#[tokio::test]
async fn a_made_up_code_is_not_known_because_a_call_that_named_it_went_well() {
    let world = World::default();
    let secret = Pc::open(&world).await.poll_token.split_once('.').unwrap().1.to_owned();
    let made_up = format!("{}.{secret}", unknown(1));
    for path in ["/qrlogin/createcode", "/qr/code", "/qr/loginpic"] {
        let call = Call::get(path).cookie(&format!("__Host-saoma-qr={made_up}")).from_ip(GUESSER);
        assert_eq!(world.call(call).await.status, 200, "{path}");
    }
    let poll = |_| Call::get("/qr/login").header("token", &made_up);
    assert_eq!(insist(&world, poll).await.status, 429);
}

// D11: unknown challenges, and refresh tokens that are none of ours.
#[tokio::test]
async fn a_network_that_guesses_at_sign_ins_is_slowed_down() {
    let world = World::default();
    insist(&world, |nth| {
        let challenge = URL_SAFE_NO_PAD.encode(u128::from(nth).to_be_bytes());
        let guess = json!({"challenge": challenge, "code": "123456"});
        Call::post("/api/user/login/code").json(&guess)
    })
    .await
    .problem(429, "too_many_requests");
    let world = World::default();
    insist(&world, |nth| {
        Call::post("/api/user/refresh").json(&json!({"refreshToken": format!("3000876.aaaa.1.{nth}")}))
    })
    .await
    .problem(429, "too_many_requests");
}

// D11 K8: people behind a guesser's address sign in and stay signed in.
#[tokio::test]
async fn a_guesser_at_sign_ins_slows_down_no_person_behind_its_address() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let guess =
        |nth| Call::post("/api/user/refresh").json(&json!({"refreshToken": format!("3000876.aaaa.1.{nth}")}));
    assert_eq!(insist(&world, guess).await.status, 429);
    let refresh = Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}));
    assert_eq!(world.call(refresh.from_ip(GUESSER)).await.status, 200);
    let challenge = URL_SAFE_NO_PAD.encode([7; 16]);
    let asking = json!({"phone": "13800138001", "challenge": challenge});
    let send = Call::post("/api/user/sendCode").json(&asking).from_ip(GUESSER);
    assert_eq!(world.call(send).await.status, 200);
    let right = json!({"challenge": challenge, "code": world.outbox.last_code().unwrap()});
    let login = Call::post("/api/user/login/code").json(&right).from_ip(GUESSER);
    assert_eq!(world.call(login).await.status, 200);
}

// D11 K5: a wrong code of a challenge that is there has counters of its own, and an old phone's own token is no guess.
#[tokio::test]
async fn a_person_who_mistypes_or_comes_back_late_guesses_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let logout = Call::post("/api/user/logout").bearer(&person.token);
    world.call(logout).await;
    insist(&world, |_| Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token})))
        .await
        .problem(401, "unauthorized");
    let challenge = URL_SAFE_NO_PAD.encode([7; 16]);
    let asking = json!({"phone": "13800138001", "challenge": challenge});
    assert_eq!(world.call(Call::post("/api/user/sendCode").json(&asking)).await.status, 200);
    let wrong = if world.outbox.last_code().unwrap() == "123456" { "654321" } else { "123456" };
    let mistyped = json!({"challenge": challenge, "code": wrong});
    insist(&world, |_| Call::post("/api/user/login/code").json(&mistyped)).await.problem(401, "invalid_code");
}

// D11 K15
#[tokio::test]
async fn a_network_that_guesses_client_secrets_is_slowed_down() {
    let world = World::default();
    register_shop(&world);
    let guess = |nth: u32| {
        let call = Call::post("/qr/ticket").header("authorization", &basic("shop", &format!("guess-{nth}")));
        call.json(&json!({"ticket": "x"}))
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
        call.cookie(&own.cookie).json(&json!({"ticket": "x"}))
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

// D11: this instance has neither opened the sessions nor polled them. It reads each one in a step of its phone.
#[tokio::test]
async fn a_phone_whose_session_this_instance_has_read_confirms_behind_a_guessers_address() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let code = Pc::open(&world).await.code;
    let id = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await.text("id");
    let steps = [
        (format!("/q/{code}/scan"), format!("/q/{code}/confirm")),
        (format!("/api/qrCode/scanLoginQrCode/{id}"), format!("/api/qrCode/bindLoginQrCode/{id}")),
    ];
    let fresh = world.beside();
    let step = |path: &str| Call::post(path).bearer(&person.token).json(&json!({})).from_ip(GUESSER);
    for (scan, _) in &steps {
        // The first scan is stored elsewhere, so this instance only reads.
        for instance in [&world, &fresh] {
            let scanned = instance.call(step(scan)).await;
            assert_eq!(scanned.status, 200, "{}", scanned.whole());
        }
    }
    let guess = |nth| Call::post(&format!("/q/{}-00000/receipt", unknown(nth))).json(&json!({}));
    insist(&fresh, guess).await.problem(429, "too_many_requests");
    for (_, confirm) in &steps {
        let confirmed = fresh.call(step(confirm)).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.whole());
    }
    for path in [format!("/q/{}/confirm", unknown(1)), format!("/q/{code}-00000/confirm")] {
        fresh.call(step(&path)).await.problem(429, "too_many_requests");
    }
}

// D11
#[tokio::test]
async fn a_session_that_this_instance_has_changed_is_known() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let session = world.session(&Pc::open(&world).await.code);
    let pace = Arc::new(Pace::new(1, 1));
    let sessions = FoundSessions { stored: world.memory.clone(), pace: pace.clone() };
    let (network, now) = (Some(IpAddr::from([198, 51, 100, 66])), world.clock.now());
    pace.missed(network, now);
    let may_ask = || pace.ask(network, Some(&session.code), now).is_ok();
    assert!(!may_ask());
    let phone = Phone { account: person.account, sign_in: SignInId::parse(&"5".repeat(32)).unwrap() };
    let decline = change(&session, &Command::Decline(phone, Sighting::default()), now);
    let committed = sessions.commit(&decline, &WriteId::random(&*world.random)).await.unwrap();
    assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
    assert!(may_ask());
}

// D11: a request for a page or a file holds nothing to guess.
#[tokio::test]
async fn a_guesser_keeps_no_page_and_no_file_from_its_neighbours() {
    let world = World::default();
    let page = format!("/q/{}", unknown(1));
    let html = String::from_utf8(world.call(Call::get(&page)).await.body).unwrap();
    let assets: Vec<&str> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(assets.len() > 1, "a script and a style: {html}");
    let poll = |nth| Call::get("/qr/login").header("token", &format!("{}.{}", unknown(nth), "x".repeat(43)));
    assert_eq!(insist(&world, poll).await.status, 429);
    for path in FILES.into_iter().chain([page.as_str()]).chain(assets) {
        let answer = world.call(Call::get(path).from_ip(GUESSER)).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    for path in ["/welcome", "/qr/code", "/oauth/userinfo"] {
        assert_eq!(world.call(Call::get(path).from_ip(GUESSER)).await.status, 429, "{path}");
    }
}

// D7 D11: a new instance does not know the device of a guesser's neighbour, so it does not read how the login stands. The
// device polls on, as at its interval, and gets its tokens a minute late.
#[tokio::test]
async fn a_device_behind_a_guessers_address_polls_on() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    oauth::register(&world, oauth::TV);
    let (waiting, approved) = (Device::begin(&world).await, Device::begin(&world).await);
    approved.approved_by(&world, &person).await;
    let fresh = world.beside();
    let secret = waiting.text("device_code").split_once('.').unwrap().1;
    let guess = |nth| oauth::polling(oauth::TV, &format!("{}.{secret}", unknown(nth)));
    let told = |answer: &Answer| (answer.text("error"), answer.header("retry-after").to_owned());
    let later = ("authorization_pending".to_owned(), "61".to_owned());
    assert_eq!(told(&insist(&fresh, guess).await), later, "a guess says no more");
    for device in [&waiting, &approved] {
        assert_eq!(told(&fresh.call(device.exchange().from_ip(GUESSER)).await), later);
    }
    let elsewhere = fresh.call(waiting.exchange().from_ip("203.0.113.7")).await;
    assert_eq!(elsewhere.text("error"), "authorization_pending");
    world.clock.advance(Duration::from_secs(61));
    let pending = fresh.call(waiting.exchange().from_ip(GUESSER)).await;
    assert_eq!(pending.text("error"), "authorization_pending");
    assert_eq!(fresh.call(approved.exchange().from_ip(GUESSER)).await.status, 200);
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

/// Asks until the code runs out, each time as soon as `wait` allows: no answer is a refusal. Answers the waits that were
/// advised.
async fn patient(world: &World, poll: Call, wait: impl Fn(u64) -> u64) -> Vec<u64> {
    let mut advised = Vec::new();
    while advised.iter().sum::<u64>() < 310 {
        let answer = world.call(poll.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "after {advised:?}: {}", answer.whole());
        let Some(seconds) = answer.json()["pollAfter"].as_u64() else { break };
        world.clock.advance(Duration::from_secs(wait(seconds)));
        advised.push(wait(seconds));
    }
    advised
}

// D7: who follows `pollAfter` is never refused, and neither is who asks every 2 seconds, as the contracts say.
#[tokio::test]
async fn a_caller_at_the_advised_or_the_documented_pace_is_never_refused() {
    type Wait = fn(u64) -> u64;
    let paces: [Wait; 2] = [|advised| advised, |_| 2];
    for pace in paces {
        for (contract, world, poll) in polls().await {
            let advised = patient(&world, poll, pace).await;
            let asked = advised.iter().sum::<u64>();
            assert!(asked >= 300, "{contract}: {advised:?}");
        }
    }
}

// The pace is the same in every contract: often at first, then less and less often.
#[tokio::test]
async fn the_advised_pace_grows_while_no_phone_scans() {
    for (contract, world, poll) in polls().await {
        let advised = patient(&world, poll, |advised| advised).await;
        assert_eq!(advised.iter().take_while(|wait| **wait == 2).count(), 10, "{contract}: {advised:?}");
        let grown = [2, 3, 4, 5].map(|wait| advised.contains(&wait));
        assert!(advised.is_sorted() && grown == [true; 4], "{contract}: {advised:?}");
    }
}

/// A poll of each contract, each with a world of its own.
async fn polls() -> Vec<(&'static str, World, Call)> {
    let mut polls = Vec::new();
    let world = World::default();
    let pc = Pc::open(&world).await;
    polls.push(("web", world, Call::get("/qr/login").cookie(&pc.cookie)));

    let world = World::default();
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await;
    let poll = Call::post(&format!("/api/qrCode/getLoginQrCode/{}", created.text("id")));
    polls.push(("kiosk", world, poll.header("token", &created.text("pollToken")).json(&json!({}))));

    let world = World::default();
    let created = world.call(Call::get("/qrlogin/createcode").header("accept", "application/json")).await;
    let poll = Call::get(&format!("/qrlogin/qrcodelogin/{}", created.text("code")));
    polls.push(("shop", world, poll.cookie(&created.cookie())));

    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let trace = region.trace(&world, json!({})).await;
    let poll = Call::get(&format!("/login/results/{trace}"));
    polls.push(("remembered", world, poll.header("authorization", region.authorization())));

    let world = World::default();
    oauth::code::register(&world, SITE, ClientAuth::None);
    let page = Page::open(&world).await;
    let poll = Call::get("/oauth/authorize/status").header("token", page.text("pollToken"));
    polls.push(("oauth", world, poll));
    polls
}
