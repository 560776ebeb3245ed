//! `POST /api/qrCode/getLoginQrCode/{id}`: the poll, and the state it tells.

use std::time::Duration;

use acceptance::World;
use insta::assert_snapshot;
use saoma_memory::world::FixedClock;
use serde_json::json;

use super::{LIFE, ask, code_status, confirmed, create, must, status};

#[tokio::test]
async fn the_status_follows_the_session_through_its_life() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    assert_eq!(code_status(&world, &id).await, "DEFAULT");
    must(&world, "scan", &id, &member.token).await;
    assert_eq!(code_status(&world, &id).await, "SCAN");
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(code_status(&world, &id).await, "SUCCESS");
    // Expired is a kind of failed.
    world.clock.advance(LIFE);
    assert_eq!(code_status(&world, &id).await, "FAILED");
}

// D4
#[tokio::test]
async fn an_id_is_read_as_people_write_it() {
    let world = World::default();
    let id = create(&world).await.text("id");
    let dashed = format!("{}-{}", &id[..13], &id[13..]);
    let look_alike = id.replace('1', "l").replace('0', "o");
    for spelling in [id.to_ascii_lowercase(), dashed, look_alike] {
        assert_eq!(status(&world, &spelling, "").await.text("id"), id, "{spelling}");
    }
}

#[tokio::test]
async fn another_machine_sees_the_state_and_nothing_else() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let stored = world.memory.sessions();
    let body = json!({"deviceName": "BM05", "deviceMac": "44:55"});
    for token in ["", poll_token.as_str()] {
        let call = ask(&id, token).json(&body);
        assert_snapshot!("another_machine", world.call(call).await.whole());
    }
    // The holder of the secret still gets the token.
    assert_eq!(world.memory.sessions(), stored);
    assert!(status(&world, &id, &poll_token).await.json()["memberToken"].is_string());
}

// C5
#[tokio::test]
async fn polling_writes_nothing_and_extends_nothing() {
    let world = World::default();
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let stored = world.session(&id);
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(10));
        let answer = status(&world, &id, &poll_token).await;
        assert_eq!((answer.status.as_u16(), answer.text("codeStatus").as_str()), (200, "DEFAULT"));
    }
    assert_eq!(world.session(&id), stored);
    // One read a poll, and no write.
    let calls = world.memory.calls();
    world.clock.advance(Duration::from_secs(2));
    status(&world, &id, &poll_token).await;
    assert_eq!(world.memory.calls() - calls, 1);
    world.clock.set(FixedClock::EXAMPLE.plus(LIFE));
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
}

// D7
#[tokio::test]
async fn a_hasty_poll_is_told_when_to_come_back_with_the_state() {
    let world = World::default();
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let first = status(&world, &id, &poll_token).await;
    world.clock.advance(Duration::from_millis(999));
    let hasty = status(&world, &id, &poll_token).await;
    assert_eq!((hasty.status.as_u16(), hasty.header("retry-after")), (429, "1"));
    assert_eq!(hasty.body, first.body);
    // Neither an early poll nor a stranger's polls delay the machine's next poll.
    for _ in 0..5 {
        status(&world, &id, "").await;
    }
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(status(&world, &id, &poll_token).await.status, 200);
}

// D8
#[tokio::test]
async fn what_changed_is_never_withheld() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let polled = async || {
        let answer = status(&world, &id, &poll_token).await;
        (answer.status.as_u16(), answer.text("codeStatus"))
    };
    assert_eq!(polled().await, (200, "DEFAULT".to_owned()));
    assert_eq!(polled().await.0, 429);
    must(&world, "scan", &id, &member.token).await;
    assert_eq!(polled().await, (200, "SCAN".to_owned()));
    assert_eq!(polled().await.0, 429);
    must(&world, "bind", &id, &member.token).await;
    for _ in 0..3 {
        assert_eq!(polled().await, (200, "SUCCESS".to_owned()));
    }
}
