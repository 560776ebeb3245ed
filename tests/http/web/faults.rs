//! A store that throttles or fails, at each call of a login in turn.

use acceptance::{Answer, Call, Person, World};
use saoma_memory::Fault;
use serde_json::{Value, json};

use super::{Pc, exchange, flag, problem, refused, register_shop};

/// Makes a call until it does not answer 503, and counts how often it did.
async fn insist(world: &World, failures: &mut usize, call: Call) -> Answer {
    loop {
        let is_ticket = call.path() == "/qr/ticket";
        let answer = world.call(call.clone()).await;
        if answer.status != 503 {
            return answer;
        }
        *failures += 1;
        assert_eq!(answer.header("retry-after"), "1");
        if is_ticket {
            problem(&answer, 503, "unavailable");
        } else {
            refused(&answer, 503, "unavailable");
        }
    }
}

/// A whole login, every request of it repeated while it fails: the number of failures, whom the token is
/// for, and the ticket.
async fn log_in(world: &World, shop: &str, person: &Person) -> (usize, Value, String) {
    let mut failures = 0;
    let app = |step: &str, code: &str| {
        Call::post(&format!("/qr/{step}")).header("token", &person.token).json(&json!({"code": code}))
    };
    let poll = |pc: &Pc| Call::get("/qr/login").cookie(&pc.cookie);
    let old = Pc::read(&insist(world, &mut failures, Call::get("/qr/code?client=shop")).await);
    let call = Call::get("/qr/code?client=shop").cookie(&old.cookie);
    let pc = Pc::read(&insist(world, &mut failures, call).await);
    for (step, state) in [("lock", 1), ("activate", 2)] {
        super::done(&insist(world, &mut failures, app(step, &pc.code)).await);
        assert_eq!(flag(&insist(world, &mut failures, poll(&pc)).await), state);
    }
    let url = insist(world, &mut failures, poll(&pc)).await.text("url");
    let ticket = url.split_once("ticket=").unwrap().1.to_owned();
    let call = Call::post("/qr/ticket").header("authorization", shop).json(&json!({"ticket": ticket}));
    let exchanged = insist(world, &mut failures, call).await;
    assert_eq!(world.session(&old.code).state.name(), "cancelled");
    (failures, super::user(&exchanged), ticket)
}

// B12
#[tokio::test]
async fn a_login_survives_a_failure_at_each_call() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for calls in 0.. {
            let world = World::default();
            let shop = register_shop(&world);
            let person = world.sign_in("13800138000").await;
            world.memory.inject(calls, fault);
            let (failures, member, ticket) = log_in(&world, &shop, &person).await;
            let over = world.memory.disarm();
            assert_eq!(member, json!(person.account.to_string()), "{fault:?} at {calls}");
            if over {
                assert!(calls > 20, "a login has more calls than {calls}");
                break;
            }
            // The ticket's own write is tried twice at once, for a ticket cannot come again.
            assert!(failures <= 1, "{fault:?} at {calls}: {failures}");
            problem(&exchange(&world, &shop, &ticket).await, 400, "invalid_ticket");
        }
    }
}
