//! `POST /api/qrCode/scanLoginQrCode/{id}`: the phone scans and learns who asks.

use std::time::Duration;

use acceptance::{Call, World};
use serde_json::json;

use super::{CREATE, ask, create, machine, must};

#[tokio::test]
async fn an_update_moves_the_update_time_alone() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    world.clock.advance(Duration::from_secs(7));
    let scanned = must(&world, "scan", &id, &member.token).await;
    assert_eq!(scanned.text("createTime"), "2024-01-23 16:20:38");
    assert_eq!(scanned.text("updateTime"), "2024-01-23 16:20:45");
    assert_eq!(scanned.text("expirationTime"), "2024-01-23 16:25:38");
}

// A16
#[tokio::test]
async fn the_same_phone_scans_again_and_nothing_changes() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let first = must(&world, "scan", &id, &member.token).await;
    let stored = world.session(&id);
    world.clock.advance(Duration::from_secs(9));
    let (mut first, mut again) = (first.json(), must(&world, "scan", &id, &member.token).await.json());
    // Only the time since the screen asked differs.
    let ages = [&mut first, &mut again].map(|it| it["consent"]["seen"]["age"].take());
    assert_eq!((first, ages), (again, [json!(0), json!(9)]));
    assert_eq!(world.session(&id), stored);
    // Scanning again gives the same answer.
    must(&world, "bind", &id, &member.token).await;
    let stored = world.session(&id);
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.session(&id), stored);
}

// F10
#[tokio::test]
async fn what_a_scanner_adds_to_the_id_does_not_matter() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    for added in ["%0A", "%20", "%2F"] {
        must(&world, "scan", &format!("{id}{added}"), &member.token).await;
    }
}

// D6 I1
#[tokio::test]
async fn the_consent_shows_what_we_saw_and_not_what_a_header_says() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let call =
        Call::post(CREATE).json(&machine()).from_ip("2001:db8::7").header("x-forwarded-for", "198.51.100.9");
    let id = world.call(call.header("host", "evil.example")).await.text("id");
    let consent = &must(&world, "scan", &id, &member.token).await.json()["consent"];
    assert_eq!(consent["seen"]["ip"], "2001:db8::7");
    // W13
    assert!(world.drawer.pictures().len() == 1 && !consent.to_string().contains("evil"));
}

// W10
#[tokio::test]
async fn what_a_machine_calls_itself_is_made_harmless() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let body = json!({"deviceName": "\u{202E}evil\u{200B}\r\n<b>", "deviceMac": "22\u{0}:33"});
    let id = world.call(Call::post(CREATE).json(&body)).await.text("id");
    let screen = &must(&world, "scan", &id, &member.token).await.json()["consent"]["screen"];
    assert_eq!(screen, &json!({"deviceName": "evil<b>", "deviceMac": "22:33"}));
    // A machine that sends the same values again counts as the same machine.
    let same = ask(&id, "").json(&body);
    assert_eq!(world.call(same).await.text("deviceMac"), "22:33");
}
