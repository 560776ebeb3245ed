//! Which phones are asked, and when a QR replaces the prompt.

use std::{sync::Arc, time::Duration};

use acceptance::{Call, World};
use saoma_domain::{
    account::AccountStatus,
    client::Client,
    identity::ClientId,
    ports::{Clock, Pairs, Prompts},
    session::LoginPolicy,
};
use serde_json::{Value, json};
use tokio::task::yield_now;

use super::{DEVICE, Region, answer, both, code, kinds, log_in, pending, refused, uin};
use crate::{crowd::at_once, pages};

#[tokio::test]
async fn a_prompt_that_reaches_nobody_becomes_a_qr_in_the_same_trace() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan", "LOGIN_getLoginQrcode"]);
    // Late answers after the fallback to QR.
    let late = answer(&world, &person, json!({"traceId": trace, "accept": true})).await;
    refused(&late, 410, "cancelled");
    assert!(pending(&world, &person).await.is_empty());
    let told: Vec<Value> =
        world.post.sent().webhooks.iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    let told: Vec<&Value> = told.iter().filter(|it| it["traceId"] == json!(trace)).collect();
    assert_eq!(told.len(), 1, "the server hears of the QR alone");
    assert_eq!(
        (&told[0]["resultType"], &told[0]["deviceId"]),
        (&json!("LOGIN_getLoginQrcode"), &json!(DEVICE))
    );
    let code = super::code(&world, &region, &trace).await;
    super::phone(&world, &person, &code, "scan").await;
    super::phone(&world, &person, &code, "confirm").await;
    let results = region.results(&world, &trace).await;
    assert_eq!(region.exchange(&world, &results[2]["ticket"]).await.status, 200);
}

#[tokio::test]
async fn who_is_asked_anew_for_a_device_is_asked_once() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let on_a_mac = || json!({"deviceId": DEVICE, "uin": uin(&person), "loginPolicy": 2});
    for wishes in [json!({"deviceId": DEVICE}), json!({"deviceId": DEVICE, "loginPolicy": 2})] {
        log_in(&world, &region, &person, wishes).await;
    }
    pending(&world, &person).await;
    let mac = region.trace(&world, on_a_mac()).await;
    let older = region.trace(&world, both(&person)).await;
    let newer = region.trace(&world, both(&person)).await;
    let waiting = pending(&world, &person).await;
    let traces: Vec<_> = waiting.iter().map(|prompt| prompt["traceId"].as_str().unwrap()).collect();
    assert_eq!(traces, [newer.as_str(), mac.as_str()]);
    assert_eq!(region.results(&world, &older).await[1]["code"], 1005);
    let late = answer(&world, &person, json!({"traceId": older, "accept": false})).await;
    refused(&late, 410, "cancelled");
    // A late no to the older prompt changes neither the newer prompt nor the pair.
    let yes = answer(&world, &person, json!({"traceId": newer, "accept": true})).await;
    assert_eq!(yes.json()["state"], "confirmed");
    assert!(
        world
            .memory
            .pairing(person.account, &ClientId::parse("clientId-01").unwrap(), LoginPolicy::default())
            .await
            .unwrap()
            .unwrap()
            .may_prompt
    );
}

// Many calls at the same moment leave one prompt, and none of them ends a newer one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_asks_at_once_one_prompt_is_left_at_least() {
    for round in 0..20 {
        let world = Arc::new(World::default());
        let region = Region::registered(&world, "clientId-01");
        let person = world.sign_in("13800138000").await;
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        pending(&world, &person).await;
        let asks = (0..2 + round % 2).map(|_| region.call(both(&person))).collect();
        for answer in at_once(&world, asks).await {
            assert_eq!(answer.status, 200, "{}", answer.whole());
        }
        world.stream_all().await;
        assert!(!pending(&world, &person).await.is_empty(), "round {round}");
    }
}

// A no that meets a newer prompt either counts and succeeds, or changes nothing.
#[tokio::test]
async fn a_no_against_a_newer_ask_is_told_the_truth() {
    let client = ClientId::parse("clientId-01").unwrap();
    for turns in 0..60 {
        let world = World::default();
        let region = Region::registered(&world, "clientId-01");
        let person = world.sign_in("13800138000").await;
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        pending(&world, &person).await;
        let trace = region.trace(&world, both(&person)).await;
        let no = json!({"traceId": trace, "accept": false});
        let late = async {
            for _ in 0..turns {
                yield_now().await;
            }
            world.call(Call::post("/login/answer").bearer(&person.token).json(&no)).await
        };
        let (no, asked) = tokio::join!(late, world.call(region.call(both(&person))));
        assert_eq!(asked.status, 200);
        let heard = match no.status.as_u16() {
            200 => no.json()["state"] == "cancelled",
            _ => false,
        };
        let pair = world.memory.pairing(person.account, &client, LoginPolicy::default()).await.unwrap();
        assert_eq!(pair.unwrap().may_prompt, !heard, "after {turns} turns: {}", no.whole());
    }
}

#[tokio::test]
async fn a_phone_is_told_whether_the_device_may_ask_next_time() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
    let hosted = code(&world, &region, &trace).await;
    let page = world.call(Call::get("/qr/code")).await.text("code");
    for (code, asks) in [(hosted, true), (page, false)] {
        assert_eq!(pages::step(&world, "scan", &person, &code, &json!({})).await.status, 200);
        let confirmed = pages::step(&world, "confirm", &person, &code, &json!({})).await;
        assert_eq!(confirmed.json(), json!({"state": "confirmed", "asksNextTime": asks}));
    }
}

// A17 I7: a phone that could not answer does not count as asked.
#[tokio::test]
async fn who_cannot_answer_is_not_asked_and_a_qr_comes_at_once() {
    let app = ClientId::parse("their-app").unwrap();
    let cases = ["another app looks", "another app is pushed to", "signed out", "locked", "as it should be"];
    for case in cases {
        let world = World::default();
        world.register_client("their-app", |client| client);
        world.register_client("another-app", |client| client);
        let region =
            Region::with(&world, "clientId-01", |client| Client { apps: vec![app.clone()], ..client });
        let person = world.sign_in_through("13800138000", "their-app").await;
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        world.clock.advance(Duration::from_mins(1));
        match case {
            "another app looks" | "another app is pushed to" => {
                let other = world.sign_in_through("13800138000", "another-app").await;
                if case == "another app looks" {
                    pending(&world, &other).await;
                } else {
                    let push = json!({"platform": "FCM", "token": "a-token-of-the-other"});
                    world.call(Call::post("/api/device/push").bearer(&other.token).json(&push)).await;
                }
            }
            _ => drop(pending(&world, &person).await),
        }
        match case {
            "signed out" => {
                world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
            }
            "locked" => world.set_status(&person, AccountStatus::Locked),
            _ => {}
        }
        let trace = region.trace(&world, both(&person)).await;
        let last = kinds(&world, &region, &trace).await.pop().unwrap();
        let asked = case == "as it should be";
        assert_eq!(last, if asked { "LOGIN_scan" } else { "LOGIN_getLoginQrcode" }, "{case}");
        assert!(world.post.sent().pushes.is_empty(), "{case}");
    }
}

// A poll writes next to nothing, because people's phones poll all the time.
#[tokio::test]
async fn a_phone_that_asks_often_is_noted_now_and_then_and_counted_on_all_the_same() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let opened = world.clock.now();
    // `present` counts a mark at that second or later.
    let noted_at = async |secs| {
        let present = async |secs| {
            let since = opened.plus(Duration::from_secs(secs));
            world.memory.present(person.account, since).await.unwrap().len()
        };
        (present(secs).await, present(secs + 1).await) == (1, 0)
    };
    for (after, last) in [(0, 0), (9, 0), (10, 10), (19, 10)] {
        world.clock.set(opened.plus(Duration::from_secs(after)));
        pending(&world, &person).await;
        assert!(noted_at(last).await, "after {after} s");
    }
    for (after, kind) in [(39, "LOGIN_scan"), (41, "LOGIN_getLoginQrcode")] {
        world.clock.set(opened.plus(Duration::from_secs(after)));
        let trace = region.trace(&world, both(&person)).await;
        assert_eq!(*kinds(&world, &region, &trace).await.last().unwrap(), kind, "after {after} s");
    }
}
