//! Which phones may scan, bind and cancel.

use std::time::Duration;

use acceptance::{Call, Person, World};
use serde_json::json;

use super::{code_status, confirmed, create, must, status, step, step_call};

/// Another phone of the same person. Codes by SMS are a minute apart.
async fn other_phone(world: &World, person: &Person) -> Person {
    world.clock.advance(Duration::from_mins(1));
    let other = world.sign_in(&person.number).await;
    assert_eq!(other.account, person.account);
    other
}

#[tokio::test]
async fn a_phone_token_comes_in_either_header() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let path = format!("/api/qrCode/scanLoginQrCode/{id}");
    assert_eq!(world.call(Call::post(&path).bearer(&member.token)).await.status, 200);
    assert_eq!(world.call(Call::post(&path).header("token", &member.token)).await.status, 200);
    // E2
    world.call(Call::post(&format!("{path}?token={}", member.token))).await.problem(400, "secret_in_query");
    // W1: a cookie identifies no person.
    let cookie = format!("token={}", member.token);
    world.call(Call::post(&path).cookie(&cookie)).await.problem(401, "unauthorized");
}

// A7
#[tokio::test]
async fn another_person_can_neither_bind_nor_cancel() {
    let world = World::default();
    let (owner, thief) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &thief).await;
    must(&world, "bind", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &thief).await;
}

// A8
#[tokio::test]
async fn the_same_persons_other_phone_can_neither_bind_nor_cancel() {
    let world = World::default();
    let owner = world.sign_in("13800138000").await;
    let other = other_phone(&world, &owner).await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &other).await;
}

async fn another_phone_is_refused(world: &World, id: &str, other: &Person) {
    let before = (world.session(id), world.memory.devices());
    for name in ["scan", "bind", "cancel"] {
        let answer = step(world, name, id, &other.token).await;
        answer.problem(403, "claimed_by_another");
        // B6: and learns nothing.
        assert!(answer.json().get("consent").is_none());
    }
    assert_eq!((world.session(id), world.memory.devices()), before);
}

// A11
#[tokio::test]
async fn a_body_names_nobody() {
    let world = World::default();
    let (thief, victim) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let id = create(&world).await.text("id");
    let named = json!({
        "memberId": victim.account.to_string(), "account": victim.account.to_string(), "phone": victim.number,
        "userId": victim.account.to_string(), "idNumber": "11010519491231002X", "token": victim.token,
    });
    for name in ["scan", "bind"] {
        let call = step_call(name, &id, &thief.token).json(&named);
        let more = &["memberId", "account", "phone", "userId", "idNumber", "token"];
        let answer = world.call(call.ignored(more)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.session(&id).state.claim().unwrap().by.account, thief.account);
    }
    assert_eq!(world.memory.devices().keys().next().unwrap().0, thief.account.to_string());
}

// A12
#[tokio::test]
async fn a_token_got_by_scanning_approves_nothing() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    let member_token = status(&world, &id, &poll_token).await.text("memberToken");
    let next = create(&world).await.text("id");
    for scanned in [false, true] {
        if scanned {
            must(&world, "scan", &next, &member.token).await;
        }
        let stored = world.session(&next);
        for name in ["scan", "bind", "cancel"] {
            step(&world, name, &next, &member_token).await.problem(403, "not_an_approver");
        }
        assert_eq!(world.session(&next), stored);
    }
}

// A13
#[tokio::test]
async fn a_phone_needs_a_good_token_of_its_own() {
    let world = World::with(&[("ACCESS_TOKEN_SECONDS", "60")]);
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    let stored = world.session(&id);
    let elsewhere = World::with(&[("PUBLIC_URL", "https://other.example.com")]).sign_in("13800138000").await;
    let (head, _) = member.token.rsplit_once('.').unwrap();
    let bare = format!("{head}.");
    for token in ["", "x", &elsewhere.token, &bare, &member.refresh_token] {
        for name in ["scan", "bind", "cancel"] {
            let answer = step(&world, name, &id, token).await;
            answer.problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(world.session(&id), stored);
    // Signed out between scan and bind.
    let signed_out = world.call(Call::post("/api/user/logout").bearer(&member.token)).await;
    assert_eq!(signed_out.status, 204);
    step(&world, "bind", &id, &member.token).await.problem(401, "unauthorized");
    // Expired between scan and bind.
    let other = world.sign_in("13900139000").await;
    let second = create(&world).await.text("id");
    must(&world, "scan", &second, &other.token).await;
    world.clock.advance(Duration::from_mins(1));
    step(&world, "bind", &second, &other.token).await.problem(401, "unauthorized");
    assert_eq!(world.session(&id), stored);
    assert_eq!(code_status(&world, &second).await, "SCAN");
}
