//! Calls at the same moment.

use std::{collections::HashSet, sync::Arc};

use acceptance::World;
use serde_json::{Value, json};

use super::{ask, confirmed, create, must, status, step_call};
use crate::crowd::at_once;

/// Rounds of a race.
const ROUNDS: usize = 40;

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_polls_at_once_get_one_token() {
    let world = Arc::new(World::default());
    let (_, id, poll_token) = confirmed(&world).await;
    let polls = vec![ask(&id, &poll_token); 50];
    let answers = at_once(&world, polls).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let tokens: HashSet<String> = answers.iter().map(|answer| answer.text("memberToken")).collect();
    assert_eq!(tokens.len(), 1);
    // One write: pending 1, scanned 2, confirmed 3, redeemed 4.
    assert_eq!(world.session(&id).version, 4);
}

// B2
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bind_against_cancel_ends_one_way() {
    let world = Arc::new(World::with(&[("CREATES_PER_MINUTE", "1000")]));
    let member = world.sign_in("13800138000").await;
    for _ in 0..ROUNDS {
        let created = create(&world).await;
        let (id, poll_token) = (created.text("id"), created.text("pollToken"));
        must(&world, "scan", &id, &member.token).await;
        let calls = ["bind", "cancel"].map(|name| step_call(name, &id, &member.token)).to_vec();
        let answers = at_once(&world, calls).await;
        // A cancel always succeeds, before the bind or after it.
        let cancelled =
            answers.iter().filter(|answer| answer.status == 200 && answer.text("codeStatus") == "FAILED");
        assert_eq!(cancelled.count(), 1);
        let answer = status(&world, &id, &poll_token).await.json();
        assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("FAILED"), &Value::Null));
    }
}

// B5
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redeem_against_cancel_is_never_both() {
    let world = Arc::new(World::with(&[("CREATES_PER_MINUTE", "1000")]));
    let member = world.sign_in("13800138000").await;
    for _ in 0..ROUNDS {
        let created = create(&world).await;
        let (id, poll_token) = (created.text("id"), created.text("pollToken"));
        must(&world, "scan", &id, &member.token).await;
        must(&world, "bind", &id, &member.token).await;
        let calls = vec![ask(&id, &poll_token), step_call("cancel", &id, &member.token)];
        let answers = at_once(&world, calls).await;
        let token = answers.iter().any(|answer| answer.json()["memberToken"].is_string());
        let cancelled = world.session(&id).state.name() == "cancelled";
        assert_ne!(token, cancelled);
        let told =
            answers.iter().any(|answer| answer.status == 200 && answer.json()["codeStatus"] == "FAILED");
        assert_eq!(told, cancelled);
    }
}

// B6
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_phones_that_scan_at_once_one_wins() {
    let world = Arc::new(World::with(&[("CREATES_PER_MINUTE", "1000")]));
    let phones = [world.sign_in("13800138000").await, world.sign_in("13900139000").await];
    for _ in 0..ROUNDS {
        let id = create(&world).await.text("id");
        let calls = phones.iter().map(|phone| step_call("scan", &id, &phone.token)).collect();
        let answers = at_once(&world, calls).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 1));
        lost[0].problem(403, "claimed_by_another");
    }
}
