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

// E15
#[tokio::test]
async fn a_used_refresh_token_ends_the_sign_in() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let bystander = world.sign_in("13900139000").await;
    let renewed = world.call(refresh_call(&person.refresh_token)).await;
    world.call(refresh_call(&person.refresh_token)).await.problem(401, "unauthorized");
    // The newest token of the family, and the access tokens, are dead too.
    world.call(refresh_call(&renewed.text("refreshToken"))).await.problem(401, "unauthorized");
    for token in [&person.token, &renewed.text("token")] {
        world.call(Call::post("/api/user/logout").bearer(token)).await.problem(401, "unauthorized");
    }
    assert_eq!(world.call(refresh_call(&bystander.refresh_token)).await.status, 200);
}

// E15
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_refreshes_at_once_one_wins_at_most_and_the_family_is_over() {
    for _ in 0..20 {
        let world = Arc::new(World::default());
        let person = world.sign_in(NUMBER).await;
        let answers = at_once(&world, vec![refresh_call(&person.refresh_token); 10]).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(won.len() <= 1, "{}", won.len());
        for answer in won {
            world.call(refresh_call(&answer.text("refreshToken"))).await.problem(401, "unauthorized");
        }
    }
}

// E15: only a token that we made can end a sign-in.
#[tokio::test]
async fn a_forged_refresh_token_ends_nothing() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let [phone, _, proof] = person.refresh_token.split('.').collect::<Vec<_>>()[..] else { panic!("shape") };
    let flipped = if proof.starts_with('A') { "B" } else { "A" };
    for forged in [
        "x",
        &format!("{phone}.1."),
        &format!("{phone}.1.{flipped}{}", &proof[1..]),
        &format!("{phone}.0.{proof}"),
        &format!("{phone}.2.{proof}"),
        &format!("{phone}.01.{proof}"),
        &format!("{phone}.1.{proof}."),
        &person.token,
        &"x".repeat(10_000),
    ] {
        world.call(refresh_call(forged)).await.problem(401, "unauthorized");
    }
    world.call(Call::post("/api/user/refresh").json(&json!({}))).await.problem(400, "malformed_body");
    assert_eq!(world.call(refresh_call(&person.refresh_token)).await.status, 200);
}
