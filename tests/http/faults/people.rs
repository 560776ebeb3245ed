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
    repeats(route("logout"), async |world| {
        Call::post("/api/user/logout").bearer(&world.sign_in(NUMBER).await.token)
    })
    .await;
}

/// The tries that are counted of the challenge, and of the code.
async fn tries(world: &World) -> (u32, u32) {
    let id = ChallengeId::parse(CHALLENGE).unwrap();
    let records = world.memory.records(&id).await.unwrap().unwrap();
    (records.challenge.tries, records.lane.code.unwrap().tries)
}

// B12 D1 K12: a try whose answer was lost is counted, one that the store refused is not, and no other try counts
// for more or less than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_tries_at_once_are_counted_one_by_one_whatever_answer_is_lost() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for at in 0.. {
            let world = Arc::new(World::default());
            let code = sent(&world).await;
            let wrong = if code == "000000" { "000001" } else { "000000" };
            world.memory.inject(at, fault);
            let answers = at_once(&world, vec![login(wrong); 4]).await;
            if world.memory.disarm() {
                assert!(at >= 8, "four tries have more calls than {at}");
                break;
            }
            let told = answers.iter().filter(|answer| answer.status == 401).count();
            let counted = tries(&world).await;
            let case = format!("{fault:?} at {at}: {told} told, {counted:?} counted");
            assert_eq!(told, 3, "{case}");
            assert!((3..=4).contains(&counted.0) && counted.0 == counted.1, "{case}");
            assert!(fault == Fault::AnswerLost || counted.0 == 3, "{case}");
            for _ in counted.0..5 {
                world.call(login(wrong)).await.problem(401, "invalid_code");
            }
            world.call(login(&code)).await.problem(401, "invalid_code");
            assert_eq!(tries(&world).await, (5, 5), "{case}");
        }
    }
}
