//! `POST /api/qrCode/bindLoginQrCode/{id}`: the person agrees.

use std::time::Duration;

use acceptance::{Call, World};
use saoma_domain::{account::AccountStatus, client::Client, session::MatchPolicy};
use saoma_memory::Fault;
use serde_json::{Value, json};

use super::{CREATE, LIFE, code_status, confirmed, create, machine, must, status, step, step_call};

#[tokio::test]
async fn binding_binds_the_machine_to_the_member() {
    let world = World::default();
    let (member, id, _) = confirmed(&world).await;
    let key = (member.account.to_string(), "22:33".to_owned());
    let bound = [(key, Some("BM05".to_owned()))].into();
    assert_eq!(world.memory.devices(), bound);
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.memory.devices(), bound);
    // A machine that sent no hardware address cannot be bound.
    let id = world.call(Call::post(CREATE)).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.memory.devices(), bound);
}

// A9
#[tokio::test]
async fn what_was_not_scanned_cannot_be_bound() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let stored = world.session(&id);
    step(&world, "bind", &id, &member.token).await.problem(409, "not_scanned");
    assert_eq!(world.session(&id), stored);
}

// A14
#[tokio::test]
async fn a_barred_account_can_approve_nothing() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    world.set_status(&member, AccountStatus::Locked);
    step(&world, "bind", &id, &member.token).await.problem(403, "account_barred");
    assert_eq!(code_status(&world, &id).await, "SCAN");
}

// B3
#[tokio::test]
async fn a_bind_counts_until_the_last_second_and_not_at_the_end() {
    for (before_end, status) in [(1, 200), (0, 410)] {
        let world = World::default();
        let member = world.sign_in("13800138000").await;
        let id = create(&world).await.text("id");
        must(&world, "scan", &id, &member.token).await;
        world.clock.advance(LIFE.saturating_sub(Duration::from_secs(before_end)));
        assert_eq!(step(&world, "bind", &id, &member.token).await.status, status);
    }
}

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_session() {
    for policy in [MatchPolicy::Off, MatchPolicy::Show, MatchPolicy::Pick] {
        let world = World::default();
        world.register_client("HOSPITAL_SAAS", |client| Client { match_policy: policy, ..client });
        let member = world.sign_in("13800138000").await;
        let created = create(&world).await;
        let id = created.text("id");
        let right = world.session(&id).match_number;
        let wrong = (10..100).find(|n| *n != right.get()).unwrap().to_string();
        must(&world, "scan", &id, &member.token).await;
        let pick = |number: &str| step_call("bind", &id, &member.token).json(&json!({"matchNumber": number}));
        world.call(pick("4")).await.problem(400, "malformed_match_number");
        assert_eq!(code_status(&world, &id).await, "SCAN");
        world.call(pick(&wrong)).await.problem(403, "wrong_match_number");
        assert_eq!(code_status(&world, &id).await, "FAILED");
        world.call(pick(&right.to_string())).await.problem(410, "cancelled");
        assert_eq!(status(&world, &id, &created.text("pollToken")).await.json()["memberToken"], Value::Null);
        assert!(world.memory.devices().is_empty());
    }
}

#[tokio::test]
async fn under_the_policy_pick_a_number_is_needed() {
    let world = World::default();
    world.register_client("CLINIC", |client| Client { match_policy: MatchPolicy::Pick, ..client });
    let member = world.sign_in("13800138000").await;
    let created = world.call(Call::post(CREATE).json(&machine()).header("channel", "CLINIC")).await;
    let (id, number) = (created.text("id"), created.text("matchNumber"));
    let consent = &must(&world, "scan", &id, &member.token).await.json()["consent"]["matchNumber"];
    assert_eq!(consent["policy"], "pick");
    assert!(consent["choices"].as_array().unwrap().contains(&json!(number)));
    step(&world, "bind", &id, &member.token).await.problem(400, "match_number_required");
    assert_eq!(code_status(&world, &id).await, "SCAN");
    let picked =
        world.call(step_call("bind", &id, &member.token).json(&json!({"matchNumber": number}))).await;
    assert_eq!(picked.text("codeStatus"), "SUCCESS");
}

#[tokio::test]
async fn under_the_policy_off_no_number_is_shown() {
    let world = World::default();
    world.register_client("CLINIC", |client| Client { match_policy: MatchPolicy::Off, ..client });
    let member = world.sign_in("13800138000").await;
    let created = world.call(Call::post(CREATE).json(&machine()).header("channel", "CLINIC")).await;
    assert!(created.json().get("matchNumber").is_none());
    let scanned = must(&world, "scan", &created.text("id"), &member.token).await.json();
    assert_eq!(scanned["consent"]["matchNumber"], json!({"policy": "off", "choices": []}));
    must(&world, "bind", &created.text("id"), &member.token).await;
}

// B12 K11: the member agreed, and the store failed before the machine was bound. The next bind completes it, even after
// the machine has taken its token.
#[tokio::test]
async fn a_binding_that_failed_is_completed_by_the_next_bind() {
    for redeems in [false, true] {
        let mut half_done = 0;
        for calls in 0.. {
            let world = World::default();
            let member = world.sign_in("13800138000").await;
            let created = create(&world).await;
            let id = created.text("id");
            must(&world, "scan", &id, &member.token).await;
            world.memory.inject(calls, Fault::Refused);
            let first = step(&world, "bind", &id, &member.token).await;
            if world.memory.disarm() {
                assert_eq!(first.status, 200);
                break;
            }
            first.problem(503, "unavailable");
            assert!(world.memory.devices().is_empty(), "{calls}");
            if world.session(&id).state.name() == "confirmed" {
                half_done += 1;
                if redeems {
                    let taken = status(&world, &id, &created.text("pollToken")).await;
                    assert!(taken.json()["memberToken"].is_string(), "{}", taken.whole());
                }
            }
            must(&world, "bind", &id, &member.token).await;
            assert_eq!(world.memory.devices().len(), 1, "{calls}");
        }
        assert_eq!(half_done, 1, "one call of a bind comes after its write");
    }
}
