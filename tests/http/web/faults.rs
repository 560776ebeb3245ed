//! A store that throttles or fails, at each call of a login in turn; and one that lags.

use std::time::Duration;

use acceptance::{Answer, Call, Person, World};
use saoma_domain::session::REDEEM_AGAIN;
use saoma_memory::Fault;
use serde_json::{Value, json};

use super::{Pc, exchange, flag, let_in, refused, register_shop, user};

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
            answer.problem(503, "unavailable");
        } else {
            refused(&answer, 503, "unavailable");
        }
    }
}

/// Runs a whole login and repeats every request of it while it fails. Returns the number of failures, the person of the
/// token, and the ticket.
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
    (failures, user(&exchanged), ticket)
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
                assert!(calls > 14, "a login has more calls than {calls}");
                break;
            }
            assert!(failures <= 1, "{fault:?} at {calls}: {failures}");
            world.clock.advance(REDEEM_AGAIN + Duration::from_secs(1));
            exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
        }
    }
}

// B11
#[tokio::test]
async fn a_stale_copy_leads_to_no_wrong_step() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let code = world.session(&pc.code).code;
    world.memory.lag(&code);
    // The phone's steps read the newest version, even while polls still see an old copy.
    let_in(&world, &person, &pc).await;
    assert_eq!(flag(&pc.poll(&world).await), 0);
    world.memory.catch_up();
    let ticket = pc.ticket(&world).await;
    world.memory.lag(&code);
    user(&exchange(&world, &shop, &ticket).await);
    // The poll still sees an approval and gives another ticket. That ticket is refused.
    let late = pc.ticket(&world).await;
    exchange(&world, &shop, &late).await.problem(400, "invalid_ticket");
    world.memory.catch_up();
    assert_eq!(pc.poll(&world).await.json(), json!({"statusflag": -2, "pollAfter": 5, "reason": "used"}));
}

// B11 C6
#[tokio::test]
async fn a_ticket_from_a_stale_copy_of_a_replaced_qr_is_worth_nothing() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let_in(&world, &person, &pc).await;
    world.memory.lag(&world.session(&pc.code).code);
    assert_eq!(world.call(Call::get("/qr/code?client=shop").cookie(&pc.cookie)).await.status, 200);
    let ticket = pc.ticket(&world).await;
    exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
    assert_eq!(world.session(&pc.code).state.name(), "cancelled");
}
