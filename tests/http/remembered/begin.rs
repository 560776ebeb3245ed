//! `POST /login/getLoginQrcodeV2`: the four cases.

use acceptance::{Call, World};
use insta::assert_snapshot;
use serde_json::json;

use super::{DEVICE, Region, both, code, kinds, log_in, pending, refused, uin};
use crate::pages;

#[tokio::test]
async fn a_call_is_acknowledged_at_once_and_answered_later() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let answer = region.ask(&world, json!({"deviceId": DEVICE, "loginPolicy": 1})).await;
    assert_snapshot!("acknowledged", answer.whole());
    assert!(world.post.sent().webhooks.is_empty(), "nothing is answered yet");
    world.stream_all().await;
    let sent = world.post.sent();
    let body: serde_json::Value = serde_json::from_str(&sent.webhooks[0].body).unwrap();
    assert_snapshot!("answered", format!("{body:#}"));
    assert_eq!(sent.messages[0].body, sent.webhooks[0].body, "the topic says the same");
    assert_eq!(
        (sent.messages[0].region.as_str(), sent.messages[0].result_type),
        ("clientId-01", "LOGIN_getLoginQrcode")
    );
}

#[tokio::test]
async fn each_of_the_four_cases_has_its_device() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let device = async |wishes| {
        let trace = region.trace(&world, wishes).await;
        let results = region.results(&world, &trace).await;
        let kind = results.last().unwrap()["resultType"].as_str().unwrap().to_owned();
        (results[0]["deviceId"].as_str().unwrap().to_owned(), kind)
    };
    let qr = |device: &str| (device.to_owned(), "LOGIN_getLoginQrcode".to_owned());
    assert_eq!(device(json!({"deviceId": DEVICE})).await, qr(DEVICE), "deviceId alone: exactly that device");
    let (fresh, _) = device(json!({})).await;
    let (other, _) = device(json!({})).await;
    assert!(fresh != other && fresh != DEVICE, "neither: a new device each time");
    let (unknown, _) = device(json!({"uin": uin(&person)})).await;
    assert!(![DEVICE, &fresh, &other].contains(&unknown.as_str()), "a person without a device: a new one");

    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    assert_eq!(device(json!({"uin": uin(&person)})).await, qr(DEVICE), "uin alone: the device last bound");
    let (elsewhere, _) = device(json!({"uin": uin(&person), "loginPolicy": 2})).await;
    assert_ne!(elsewhere, DEVICE, "for that policy");

    pending(&world, &person).await;
    assert_eq!(device(both(&person)).await, (DEVICE.to_owned(), "LOGIN_scan".to_owned()), "both: no scan");
    let another = "0".repeat(32);
    assert_eq!(
        device(json!({"deviceId": another, "uin": uin(&person)})).await,
        qr(&another),
        "deviceId has the highest priority, and what is no pair is scanned"
    );
    assert_eq!(device(json!({"deviceId": DEVICE.to_uppercase(), "uin": null})).await, qr(DEVICE));
}

// A pair belongs to one region and one kind of device.
#[tokio::test]
async fn a_pair_counts_for_its_region_and_policy_alone() {
    let world = World::default();
    let (region, other) = (Region::registered(&world, "region-1"), Region::registered(&world, "region-2"));
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    for trace in
        [other.trace(&world, both(&person)).await, other.trace(&world, json!({"uin": uin(&person)})).await]
    {
        assert_eq!(kinds(&world, &other, &trace).await, ["LOGIN_getLoginQrcode"]);
    }
    let mut on_a_mac = both(&person);
    on_a_mac["loginPolicy"] = json!(2);
    let trace = region.trace(&world, on_a_mac).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_getLoginQrcode"]);
    assert!(pending(&world, &person).await.is_empty());
}

// H1
#[tokio::test]
async fn a_fourth_prompt_in_ten_minutes_is_a_qr_silently() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    for _ in 0..3 {
        let trace = region.trace(&world, both(&person)).await;
        assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"]);
    }
    let acknowledged = region.ask(&world, both(&person)).await;
    assert_eq!((acknowledged.status.as_u16(), &acknowledged.json()["code"]), (200, &json!(0)));
    world.stream_all().await;
    let trace = acknowledged.text("traceId");
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_getLoginQrcode"]);
    assert_eq!(pending(&world, &person).await.len(), 1, "each took the place of the one before");
    world.clock.advance(std::time::Duration::from_secs(601));
    let person = world.sign_in("13800138000").await;
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"]);
}

// K14
#[tokio::test]
async fn one_clients_prompts_leave_a_person_to_another() {
    let world = World::default();
    let regions = ["region-1", "region-2", "region-3"].map(|id| Region::registered(&world, id));
    let person = world.sign_in("13800138000").await;
    for region in &regions {
        log_in(&world, region, &person, json!({"deviceId": DEVICE})).await;
    }
    pending(&world, &person).await;
    let mut kinds = Vec::new();
    for region in &regions {
        for _ in 0..4 {
            let trace = region.trace(&world, both(&person)).await;
            kinds.push(region.results(&world, &trace).await[0]["resultType"].as_str().unwrap().to_owned());
        }
    }
    let (asked, shown) = ("LOGIN_scan", "LOGIN_getLoginQrcode");
    // Three of each client, and six of all.
    assert_eq!(kinds[..8], [asked, asked, asked, shown, asked, asked, asked, shown]);
    assert_eq!(kinds[8..], [shown; 4]);
}

// D10: a region's server speaks for many people, and still has a limit.
#[tokio::test]
async fn a_flood_of_asking_is_refused_and_leaves_nothing() {
    let world = World::with(&[("CREATES_PER_MINUTE", "2")]);
    let (region, other) = (Region::registered(&world, "region-1"), Region::registered(&world, "region-2"));
    for _ in 0..20 {
        assert_eq!(region.ask(&world, json!({})).await.status, 200);
    }
    let before = world.memory.sessions();
    let refusal = region.ask(&world, json!({})).await;
    refused(&refusal, 429, "too_many_requests");
    assert_eq!(refusal.header("retry-after"), "61");
    assert_eq!(world.memory.sessions(), before);
    assert_eq!(other.ask(&world, json!({})).await.status, 200);
    world.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(region.ask(&world, json!({})).await.status, 200);
}

#[tokio::test]
async fn only_the_region_itself_may_ask() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let other = Region::registered(&world, "clientId-02");
    let kiosk = Region::with(&world, "a-kiosk", |client| saoma_domain::client::Client {
        dialects: vec![saoma_domain::session::Dialect::Kiosk],
        ..client
    });
    let path = "/login/getLoginQrcodeV2";
    let body = json!({"region": "clientId-01"});
    refused(&world.call(Call::post(path).json(&body)).await, 401, "invalid_client");
    refused(&other.send(&world, Call::post(path).json(&body)).await, 401, "invalid_client");
    refused(&kiosk.ask(&world, json!({})).await, 401, "invalid_client");
    for basic in ["Basic Y2xpZW50SWQtMDE6d3Jvbmc=", "Basic bm9ib2R5Ondyb25n", "Basic %%%", "Bearer x"] {
        let call = Call::post(path).header("authorization", basic).json(&body);
        refused(&world.call(call).await, 401, "invalid_client");
    }
    assert!(world.memory.sessions().is_empty());
    assert_eq!(region.ask(&world, json!({})).await.status, 200);
}

// W8
#[tokio::test]
async fn what_the_contract_does_not_say_is_refused() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    for (wishes, reason) in [
        (json!({"deviceId": "2441"}), "malformed_device_id"),
        (json!({"deviceId": format!("{DEVICE}0")}), "malformed_device_id"),
        (json!({"deviceId": "g".repeat(32)}), "malformed_device_id"),
        (json!({"deviceId": 5}), "malformed_body"),
        (json!({"uin": "3000876"}), "malformed_body"),
        (json!({"uin": -1}), "malformed_body"),
        (json!({"uin": 1.5}), "malformed_body"),
        (json!({"uin": 0}), "malformed_uin"),
        (json!({"uin": 9_223_372_036_854_775_808_u64}), "malformed_uin"),
        (json!({"loginPolicy": 3}), "unknown_login_policy"),
        (json!({"loginPolicy": -1}), "unknown_login_policy"),
        (json!({"loginPolicy": "0"}), "malformed_body"),
    ] {
        refused(&region.ask(&world, wishes).await, 400, reason);
    }
    let path = "/login/getLoginQrcodeV2";
    refused(&region.send(&world, Call::post(path).json(&json!({}))).await, 400, "malformed_body");
    refused(
        &region.send(&world, Call::post(path).body("application/json", "{")).await,
        400,
        "malformed_body",
    );
    refused(
        &region.send(&world, Call::post(path).body("text/plain", "{}")).await,
        415,
        "unsupported_media_type",
    );
    let large = json!({"region": "clientId-01", "x": "x".repeat(20_000)});
    refused(&region.send(&world, Call::post(path).json(&large)).await, 413, "too_large");
    refused(&region.send(&world, Call::get(path)).await, 405, "method_not_allowed");
    assert!(world.memory.sessions().is_empty());
}

// B12
#[tokio::test]
async fn a_call_survives_a_failure_of_the_store_at_each_step() {
    for fault in [saoma_memory::Fault::Refused, saoma_memory::Fault::AnswerLost] {
        for calls in 0..8 {
            let world = World::default();
            let region = Region::registered(&world, "clientId-01");
            let person = world.sign_in("13800138000").await;
            log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
            pending(&world, &person).await;
            world.memory.inject(calls, fault);
            let first = region.ask(&world, both(&person)).await;
            if world.memory.disarm() {
                break;
            }
            refused(&first, 503, "unavailable");
            let trace = region.trace(&world, both(&person)).await;
            assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"], "asking again is safe");
        }
    }
}

// C6 C1
#[tokio::test]
async fn a_qr_that_nobody_scanned_in_time_says_so_and_stays_dead() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let trace = region.trace(&world, json!({})).await;
    let code = code(&world, &region, &trace).await;
    world.clock.advance(std::time::Duration::from_mins(5));
    let results = region.results(&world, &trace).await;
    assert_eq!((&results[1]["resultType"], &results[1]["code"]), (&json!("LOGIN_loginResult"), &json!(1002)));
    let person = world.sign_in("13800138000").await;
    assert_eq!(pages::step(&world, "scan", &person, &code, &json!({})).await.status, 404);
    world.clock.advance(std::time::Duration::from_hours(47));
    let gone = region.send(&world, Call::get(&format!("/login/results/{trace}"))).await;
    refused(&gone, 404, "not_found");
    refused(&world.call(Call::get(&format!("/login/qrcode/{trace}"))).await, 404, "not_found");
}
