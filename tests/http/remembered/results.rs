//! `GET /login/results/{traceId}`, `GET /login/webhook`: a region polls for its answers, and fetches its key.

use std::time::Duration;

use acceptance::{Call, World};
use insta::assert_snapshot;
use serde_json::json;
use tokio::task::JoinSet;

use super::{DEVICE, Region, code, log_in, phone, refused};

#[tokio::test]
async fn the_answers_of_a_login_are_told_to_its_region() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let trace = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let answer = region.send(&world, Call::get(&format!("/login/results/{trace}"))).await;
    let ticket = answer.json()["results"][1]["ticket"].as_str().unwrap().to_owned();
    assert_eq!(ticket.split('.').count(), 3);
    assert_snapshot!("results", answer.whole().replace(&ticket, "<ticket>"));
    assert_eq!(region.exchange(&world, &json!(ticket)).await.status, 200);
    let taken = region.results(&world, &trace).await;
    assert_eq!((&taken[1]["code"], &taken[1]["uin"]), (&json!(0), &json!(super::uin(&person))));
    assert!(taken[1].get("ticket").is_none(), "there is nothing left to take");
}

// W15: another region's trace is unknown. A5: only its own region can use its ticket, and another region's try does not
// use it up.
#[tokio::test]
async fn another_region_learns_and_takes_nothing() {
    let world = World::default();
    let (region, other) = (Region::registered(&world, "region-1"), Region::registered(&world, "region-2"));
    let person = world.sign_in("13800138000").await;
    let trace = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let foreign = other.send(&world, Call::get(&format!("/login/results/{trace}"))).await;
    let unknown = other.send(&world, Call::get(&format!("/login/results/{}", "0".repeat(32)))).await;
    refused(&foreign, 404, "not_found");
    assert_eq!(foreign.whole(), unknown.whole());
    refused(&world.call(Call::get(&format!("/login/results/{trace}"))).await, 401, "invalid_client");
    let ticket = region.results(&world, &trace).await[1]["ticket"].clone();
    assert_eq!(other.exchange(&world, &ticket).await.status, 400);
    assert_eq!(region.exchange(&world, &ticket).await.status, 200);
}

// B11
#[tokio::test]
async fn a_stale_copy_tells_an_earlier_truth_and_gives_nothing_away() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let trace = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let code = code(&world, &region, &trace).await;
    world.memory.lag(&world.session(&code).code);
    phone(&world, &person, &code, "cancel").await;
    let told = region.results(&world, &trace).await;
    let late = region.exchange(&world, &told[1]["ticket"]).await;
    assert_eq!((late.status.as_u16(), late.text("code").as_str()), (400, "invalid_ticket"));
    world.memory.catch_up();
    let told = region.results(&world, &trace).await;
    assert_eq!((told.len(), &told[1]["code"], told[1].get("ticket")), (2, &json!(1001), None));
}

// One event, one id: a client drops what it has already heard.
#[tokio::test]
async fn time_running_out_is_an_event_of_its_own() {
    for (steps, code) in [(0, 1002), (1, 1002), (2, 1006)] {
        let world = World::default();
        let region = Region::registered(&world, "clientId-01");
        let person = world.sign_in("13800138000").await;
        let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
        let qr = super::code(&world, &region, &trace).await;
        for step in ["scan", "confirm"].iter().take(steps) {
            phone(&world, &person, &qr, step).await;
        }
        world.clock.advance(Duration::from_mins(6));
        let told = region.results(&world, &trace).await;
        assert_eq!(
            (told.len(), &told[1]["code"], told[1].get("ticket")),
            (2, &json!(code), None),
            "{told:?}"
        );
        let heard = world.post.sent().webhooks.into_iter().map(|webhook| json!(webhook.id));
        assert!(heard.into_iter().all(|id| id != told[1]["eventId"]), "{told:?}");
    }
}

// B4
#[tokio::test]
async fn fifty_tickets_give_one_token() {
    let world = std::sync::Arc::new(World::default());
    let region = std::sync::Arc::new(Region::registered(&world, "clientId-01"));
    let person = world.sign_in("13800138000").await;
    let trace = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let mut running = JoinSet::new();
    for _ in 0..50 {
        let ticket = region.results(&world, &trace).await[1]["ticket"].clone();
        let (world, region) = (world.clone(), region.clone());
        running.spawn(async move { region.exchange(&world, &ticket).await.status });
    }
    let good = running.join_all().await.into_iter().filter(|status| *status == 200).count();
    assert_eq!(good, 1);
}

#[tokio::test]
async fn a_region_learns_what_its_webhooks_are_signed_with() {
    let world = World::default();
    let (region, other) = (Region::registered(&world, "region-1"), Region::registered(&world, "region-2"));
    let mine = region.send(&world, Call::get("/login/webhook")).await;
    assert_snapshot!("webhook", mine.whole());
    assert_ne!(mine.text("secret"), other.send(&world, Call::get("/login/webhook")).await.text("secret"));
    refused(&world.call(Call::get("/login/webhook")).await, 401, "invalid_client");
}
