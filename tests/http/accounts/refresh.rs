//! `POST /api/user/refresh`: the next pair of tokens.

use std::{sync::Arc, time::Duration};

use acceptance::{Call, World};
use serde_json::json;

use super::{NUMBER, refresh_call};
use crate::crowd::at_once;

#[tokio::test]
async fn a_refresh_token_is_good_for_its_time() {
    let world = World::with(&[("REFRESH_TOKEN_SECONDS", "3600")]);
    let person = world.sign_in(NUMBER).await;
    world.clock.advance(Duration::from_mins(59));
    let renewed = world.call(refresh_call(&person.refresh_token)).await;
    world.clock.advance(Duration::from_mins(59));
    let renewed = world.call(refresh_call(&renewed.text("refreshToken"))).await;
    assert_eq!(renewed.status, 200);
    world.clock.advance(Duration::from_hours(1));
    world.call(refresh_call(&renewed.text("refreshToken"))).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_sign_in_ends_at_its_longest_life_however_often_it_is_refreshed() {
    let world = World::with(&[("REFRESH_TOKEN_SECONDS", "3600"), ("SIGN_IN_SECONDS", "7200")]);
    let mut token = world.sign_in(NUMBER).await.refresh_token;
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(30));
        token = world.call(refresh_call(&token)).await.text("refreshToken");
    }
    world.clock.advance(Duration::from_mins(30));
    world.call(refresh_call(&token)).await.problem(401, "unauthorized");
}

// F1 K10 E15
#[tokio::test]
async fn the_same_refresh_token_gives_the_same_next_one_for_ten_minutes() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let renewed = world.call(refresh_call(&person.refresh_token)).await.text("refreshToken");
    for minutes in [0, 5, 5] {
        world.clock.advance(Duration::from_mins(minutes));
        let again = world.call(refresh_call(&person.refresh_token)).await;
        assert_eq!((again.status.as_u16(), again.text("refreshToken")), (200, renewed.clone()));
    }
    assert_eq!(world.call(refresh_call(&renewed)).await.status, 200, "and the newest is good");
}

// E15
#[tokio::test]
async fn a_refresh_token_that_comes_back_later_ends_the_sign_in() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let bystander = world.sign_in("13900139000").await;
    let renewed = world.call(refresh_call(&person.refresh_token)).await;
    world.clock.advance(Duration::from_secs(601));
    world.call(refresh_call(&person.refresh_token)).await.problem(401, "unauthorized");
    // The newest token of the family, and the access tokens, are dead too.
    world.call(refresh_call(&renewed.text("refreshToken"))).await.problem(401, "unauthorized");
    for token in [&person.token, &renewed.text("token")] {
        let call = Call::new("DELETE", "/api/device/push").bearer(token);
        world.call(call).await.problem(401, "unauthorized");
    }
    assert_eq!(world.call(refresh_call(&bystander.refresh_token)).await.status, 200);
}

// E15
#[tokio::test]
async fn replays_in_three_rotations_running_end_the_sign_in() {
    let world = World::default();
    let mut token = world.sign_in(NUMBER).await.refresh_token;
    for rotation in 1..=3 {
        let next = world.call(refresh_call(&token)).await.text("refreshToken");
        let replay = world.call(refresh_call(&token)).await;
        assert_eq!(replay.status.as_u16(), if rotation < 3 { 200 } else { 401 }, "rotation {rotation}");
        token = next;
    }
    world.call(refresh_call(&token)).await.problem(401, "unauthorized");
}

// E15: a token older than the previous one has been replaced twice.
#[tokio::test]
async fn the_token_before_the_previous_one_ends_the_sign_in() {
    let world = World::default();
    let first = world.sign_in(NUMBER).await.refresh_token;
    let second = world.call(refresh_call(&first)).await.text("refreshToken");
    let third = world.call(refresh_call(&second)).await.text("refreshToken");
    world.call(refresh_call(&first)).await.problem(401, "unauthorized");
    world.call(refresh_call(&third)).await.problem(401, "unauthorized");
}

// F1 E15
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refreshes_at_once_give_one_successor() {
    for _ in 0..20 {
        let world = Arc::new(World::default());
        let person = world.sign_in(NUMBER).await;
        let answers = at_once(&world, vec![refresh_call(&person.refresh_token); 10]).await;
        let tokens: Vec<_> = answers.iter().map(|answer| answer.text("refreshToken")).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        assert_eq!(world.call(refresh_call(&tokens[0])).await.status, 200);
    }
}

// E15: only a token that we made can end a sign-in.
#[tokio::test]
async fn a_forged_refresh_token_ends_nothing() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let (head, hash) = person.refresh_token.rsplit_once('.').unwrap();
    let (sign_in, key) = head.rsplit_once(".1.").unwrap();
    let proof = format!("{key}.{hash}");
    let flipped = if hash.starts_with('A') { "B" } else { "A" };
    for forged in [
        "x",
        &format!("{sign_in}.1."),
        &format!("{sign_in}.1.{hash}"),
        &format!("{sign_in}.1.{key}."),
        &format!("{sign_in}.1.{key}.{flipped}{}", &hash[1..]),
        &format!("{sign_in}.1.another-.{hash}"),
        &format!("{sign_in}.0.{proof}"),
        &format!("{sign_in}.2.{proof}"),
        &format!("{sign_in}.01.{proof}"),
        &format!("{sign_in}.1.{proof}."),
        &format!("9{sign_in}.1.{proof}"),
        &person.token,
        &"x".repeat(10_000),
    ] {
        world.call(refresh_call(forged)).await.problem(401, "unauthorized");
    }
    world.call(Call::post("/api/user/refresh").json(&json!({}))).await.problem(400, "malformed_body");
    assert_eq!(world.call(refresh_call(&person.refresh_token)).await.status, 200);
}
