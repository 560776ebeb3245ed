//! `POST /api/qrCode/getLoginQrCode/{id}`: who gets the `memberToken`, and for how long.

use std::time::Duration;

use acceptance::{Call, Person, World};
use saoma_domain::account::AccountStatus;
use serde_json::{Value, json};

use super::{ask, confirmed, create, status};

// B8 E18
#[tokio::test]
async fn a_token_is_given_again_for_thirty_seconds_and_then_never() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let first = status(&world, &id, &poll_token).await;
    assert!(first.json()["memberToken"].is_string());
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(status(&world, &id, &poll_token).await.body, first.body);
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..3 {
        let later = status(&world, &id, &poll_token).await.json();
        assert_eq!((&later["codeStatus"], &later["memberToken"]), (&json!("SUCCESS"), &Value::Null));
    }
}

// B8
#[tokio::test]
async fn an_answer_lost_in_the_last_second_is_given_again() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    world.clock.advance(Duration::from_secs(299));
    let taken = status(&world, &id, &poll_token).await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(status(&world, &id, &poll_token).await.body, taken.body);
    world.clock.advance(Duration::from_secs(2));
    let later = status(&world, &id, &poll_token).await.json();
    assert_eq!((&later["codeStatus"], &later["memberToken"]), (&json!("SUCCESS"), &Value::Null));
}

// A1
#[tokio::test]
async fn the_qr_alone_gets_no_token() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    let stored = world.memory.sessions();
    let picture = world.session(&id).flow.picture().unwrap().clone();
    let hash = format!("{:?}", world.session(&id).screen.as_bytes());
    for token in ["", id.as_str(), &member.token, "null", &poll_token[1..], picture.as_str(), &hash] {
        let answer = status(&world, &id, token).await.json();
        assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("SUCCESS"), &Value::Null));
        let shown = answer.to_string();
        // No personal data either.
        assert!(!shown.contains(&member.account.to_string()) && !shown.contains("138****8000"), "{shown}");
    }
    // A secret in a body or a query does not count.
    let body = json!({"deviceMac": "22:33", "token": poll_token, "pollToken": poll_token});
    let in_body = ask(&id, "").json(&body).ignored(&["token", "pollToken"]);
    assert_eq!(world.call(in_body).await.json()["memberToken"], Value::Null);
    // E2
    let query = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}?token={poll_token}"));
    world.call(query).await.problem(400, "secret_in_query");
    assert_eq!(world.memory.sessions(), stored);
    assert!(status(&world, &id, &poll_token).await.json()["memberToken"].is_string());
}

// A2
#[tokio::test]
async fn the_poll_token_of_another_session_gets_no_token() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let other = create(&world).await;
    let stored = |id: &str| world.session(id);
    let before = (stored(&id), stored(&other.text("id")));
    let answer = status(&world, &id, &other.text("pollToken")).await.json();
    assert_eq!(answer["memberToken"], Value::Null);
    let answer = status(&world, &other.text("id"), &poll_token).await.json();
    assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("DEFAULT"), &Value::Null));
    assert_eq!((stored(&id), stored(&other.text("id"))), before);
}

// D15
#[tokio::test]
async fn a_strangers_guesses_do_not_use_it_up() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let stored = world.memory.sessions();
    for n in 0..100 {
        let answer = status(&world, &id, &format!("{n:0>43}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["memberToken"]), (200, &Value::Null));
    }
    assert_eq!(world.memory.sessions(), stored);
    assert!(status(&world, &id, &poll_token).await.json()["memberToken"].is_string());
}

// A14
#[tokio::test]
async fn an_account_barred_after_it_agreed_gets_nothing_and_ends_it() {
    for bar in [
        |world: &World, member: &Person| world.set_status(member, AccountStatus::Locked),
        |world: &World, member: &Person| world.set_status(member, AccountStatus::Deleted),
        |world: &World, member: &Person| {
            world.clock.advance(Duration::from_secs(1));
            world.reset_credentials(member);
        },
    ] {
        let world = World::default();
        let (member, id, poll_token) = confirmed(&world).await;
        bar(&world, &member);
        let answer = status(&world, &id, &poll_token).await.json();
        assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("FAILED"), &Value::Null));
        assert_eq!(world.session(&id).state.name(), "cancelled");
        // Unlocking the account does not revive the session.
        world.set_status(&member, AccountStatus::Active);
        assert_eq!(status(&world, &id, &poll_token).await.json()["memberToken"], Value::Null);
    }
}
