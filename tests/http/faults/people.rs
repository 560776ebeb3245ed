//! SMS, sign-ins and their refresh.

use std::sync::Arc;

use acceptance::{Call, World};
use saoma_domain::{ports::Challenges, sms_challenge::ChallengeId};
use saoma_memory::Fault;
use serde_json::json;

use super::{Route, repeats, route};
use crate::crowd::at_once;

const NUMBER: &str = "13800138000";
const CHALLENGE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn send() -> Call {
    Call::post("/api/user/sendCode").json(&json!({"phone": NUMBER, "challenge": CHALLENGE}))
}

fn login(code: &str) -> Call {
    Call::post("/api/user/login/code").json(&json!({"challenge": CHALLENGE, "code": code}))
}

/// Has a code sent, and reads it.
async fn sent(world: &World) -> String {
    assert_eq!(world.call(send()).await.status, 200);
    world.outbox.last_code().unwrap()
}

/// What a sign-in draws, when the call that would have stored it failed before it did.
const NEW_SIGN_IN: &[&str] = &["refreshToken", "sid", "known"];
/// The same of a new account.
const NEW_PERSON: &[&str] = &["refreshToken", "sid", "sub", "memberId", "uin", "known"];

// B12 F2 K11
#[tokio::test]
async fn a_phone_signs_in() {
    repeats(route("sendCode"), async |_| send()).await;
    let new = Route { drawn: NEW_PERSON, ..route("login/code of a new person") };
    repeats(new, async |world| login(&sent(world).await)).await;
    let through_an_app = Route { name: "login/code through an app", ..new };
    repeats(through_an_app, async |world| {
        world.register_client("their-app", |client| client);
        let body = json!({"challenge": CHALLENGE, "code": sent(world).await, "client": "their-app"});
        Call::post("/api/user/login/code").json(&body)
    })
    .await;
    let known = Route { drawn: NEW_SIGN_IN, ..route("login/code of a known person") };
    repeats(known, async |world| {
        world.sign_in(NUMBER).await;
        world.clock.advance(std::time::Duration::from_mins(1));
        login(&sent(world).await)
    })
    .await;
}

// B12 F1 F2 K10
#[tokio::test]
async fn a_phone_stays_signed_in_and_signs_out() {
    repeats(route("refresh"), async |world| {
        let token = world.sign_in(NUMBER).await.refresh_token;
        Call::post("/api/user/refresh").json(&json!({"refreshToken": token}))
    })
    .await;
    repeats(route("prove"), async |world| {
        let person = world.sign_in(NUMBER).await;
        world.clock.advance(std::time::Duration::from_mins(1));
        let body = json!({"challenge": CHALLENGE, "code": sent(world).await});
        Call::post("/api/user/prove").bearer(&person.token).json(&body)
    })
    .await;
    repeats(route("logout"), async |world| {
        Call::post("/api/user/logout").bearer(&world.sign_in(NUMBER).await.token)
    })
    .await;
}

/// The tries that are counted of the challenge.
async fn tries(world: &World) -> u32 {
    let id = ChallengeId::parse(CHALLENGE).unwrap();
    world.memory.records(&id).await.unwrap().unwrap().challenge.tries
}

/// The nth wrong code.
fn wrong(code: &str, n: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + n) % 1_000_000)
}

// B12 D1 K12: no try counts for more or less than one, whatever answer of the store is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_tries_at_once_are_counted_one_by_one_whatever_answer_is_lost() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for at in 0.. {
            let world = Arc::new(World::default());
            let code = sent(&world).await;
            world.memory.inject(at, fault);
            let guesses = (1..5).map(|n| login(&wrong(&code, n))).collect();
            let answers = at_once(&world, guesses).await;
            if world.memory.disarm() {
                assert!(at >= 12, "four tries have more calls than {at}");
                break;
            }
            let told = answers.iter().filter(|answer| answer.status == 401).count();
            let counted = tries(&world).await;
            let case = format!("{fault:?} at {at}: {told} told, {counted} counted");
            assert!((3..=4).contains(&told), "{case}");
            assert_eq!(usize::try_from(counted).unwrap(), told, "{case}");
        }
    }
}

// B12: the caller repeats a wrong try whose answer was lost, and it is counted once, for the challenge and for its network.
#[tokio::test]
async fn a_wrong_try_that_is_repeated_is_counted_once_whatever_answer_is_lost() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for at in 0.. {
            let world = World::default();
            let code = sent(&world).await;
            world.memory.inject(at, fault);
            for _ in 0..2 {
                let answer = world.call(login(&wrong(&code, 1))).await;
                assert!(matches!(answer.status.as_u16(), 401 | 503), "{}", answer.whole());
            }
            if world.memory.disarm() {
                break;
            }
            assert_eq!(tries(&world).await, 1, "{fault:?} at {at}");
            assert_eq!(world.memory.counted_under("wrong_of_network"), 1, "{fault:?} at {at}");
        }
    }
}

// B12 K12: a message is paid for once, whatever answer is lost, and one that SNS refused costs nothing.
#[tokio::test]
async fn a_message_is_paid_for_once_whatever_answer_is_lost() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for at in 0.. {
            let world = World::default();
            world.memory.inject(at, fault);
            for _ in 0..2 {
                world.call(send()).await;
            }
            if world.memory.disarm() {
                break;
            }
            let paid = ["service", "network", "block"].map(|budget| world.memory.counted_under(budget));
            assert_eq!((paid, world.outbox.messages().len()), ([1; 3], 1), "{fault:?} at {at}");
        }
    }
    let world = World::default();
    world.outbox.fail_next();
    world.call(send()).await.problem(503, "unavailable");
    assert_eq!(world.memory.counted_under("service"), 0);
}
