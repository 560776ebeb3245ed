//! `POST /api/qrCode/createLoginQrCode`: a machine opens a session and shows its picture.

use std::time::Duration;

use acceptance::{Call, World, qr};
use saoma_domain::{
    client::Client,
    session::{CancelReason, Dialect, State},
};
use serde_json::{Value, json};

use super::{CREATE, UNKNOWN, create, machine};

#[tokio::test]
async fn times_are_wall_clock_times_of_the_deployment() {
    for (zone, opened, ends) in [
        ("Asia/Shanghai", "2024-01-23 16:20:38", "2024-01-23 16:25:38"),
        ("UTC", "2024-01-23 08:20:38", "2024-01-23 08:25:38"),
        ("Asia/Kolkata", "2024-01-23 13:50:38", "2024-01-23 13:55:38"),
    ] {
        let world = World::with(&[("TIME_ZONE", zone)]);
        let created = create(&world).await;
        assert_eq!(created.text("createTime"), opened);
        assert_eq!(created.text("updateTime"), opened);
        assert_eq!(created.text("expirationTime"), ends);
    }
}

#[tokio::test]
async fn the_stored_picture_says_the_sessions_address_and_no_secret() {
    let world = World::default();
    let created = create(&world).await;
    let (id, url, poll_token) = (created.text("id"), created.text("codeUrl"), created.text("pollToken"));
    let pictures = world.drawer.pictures();
    let (name, png) = pictures.first_key_value().unwrap();
    assert_eq!((pictures.len(), png.starts_with(b"\x89PNG")), (1, true));
    let (side, text) = qr::read(png);
    assert_eq!((side, &text), (512, &format!("https://LOGIN.EXAMPLE.COM/Q/{id}")));
    assert!(url.ends_with(name), "{url} shows {name}");
    // G7: a name that says nothing of the code; E1: no secret where others can read it.
    assert!(!name.to_ascii_uppercase().contains(&id[..6]), "{name}");
    let other = create(&world).await;
    assert_ne!(other.text("codeUrl"), url);
    for public in [&id, &url, name, &text] {
        assert!(!public.contains(&poll_token), "{public}");
    }
}

#[tokio::test]
async fn the_channel_header_names_the_client() {
    let world = World::default();
    world.register_client("CLINIC", |client| client);
    let with = |channel: &str| Call::post(CREATE).json(&machine()).header("channel", channel);
    for (call, client) in [
        (Call::post(CREATE).json(&machine()), "HOSPITAL_SAAS"),
        (with(""), "HOSPITAL_SAAS"),
        (with("HOSPITAL_SAAS"), "HOSPITAL_SAAS"),
        (with("CLINIC"), "CLINIC"),
    ] {
        let created = world.call(call).await;
        assert_eq!(world.session(&created.text("id")).client.as_str(), client);
    }
    let sessions = world.memory.sessions().len();
    for channel in ["NOBODY", "clinic", "CLINIC/..", &"C".repeat(10_000)] {
        world.call(with(channel)).await.problem(400, "unknown_channel");
    }
    // G9
    assert_eq!((world.memory.sessions().len(), world.drawer.pictures().len()), (sessions, sessions));
}

// A5: a web client's token leaves only for its server's ticket.
#[tokio::test]
async fn a_client_of_another_contract_is_unknown() {
    let world = World::default();
    world.register_client("shop", |client| Client { dialects: vec![Dialect::Web], ..client });
    for channel in ["saoma", "shop"] {
        let call = Call::post(CREATE).json(&machine()).header("channel", channel);
        world.call(call).await.problem(400, "unknown_channel");
    }
    assert!(world.memory.sessions().is_empty());
}

#[tokio::test]
async fn a_machine_may_say_nothing_of_itself() {
    let world = World::default();
    for call in [
        Call::post(CREATE),
        Call::post(CREATE).json(&json!({})),
        Call::post(CREATE).json(&json!({"deviceName": null, "deviceMac": ""})),
        Call::post(CREATE).body("application/json; charset=utf-8", "{}"),
    ] {
        let created = world.call(call).await.json();
        assert_eq!(created["codeStatus"], "DEFAULT");
        // Documented fields are always there.
        assert_eq!(
            (created.get("deviceName"), created.get("deviceMac")),
            (Some(&Value::Null), Some(&Value::Null))
        );
    }
}

// A3: fields that a caller must not choose are not read, like all unknown fields.
#[tokio::test]
async fn a_create_chooses_nothing_of_the_session() {
    let world = World::default();
    let chosen = json!({
        "deviceName": "BM05", "deviceMac": "22:33", "id": UNKNOWN, "code": UNKNOWN, "matchNumber": "11",
        "pollToken": "chosen", "codeStatus": "SUCCESS", "memberToken": "chosen", "client": "CLINIC",
        "expirationTime": "2099-01-01 00:00:00", "picture": "chosen.png", "extra": {"a": [1]},
    });
    let call = Call::post(CREATE).json(&chosen).ignored(&[
        "id",
        "code",
        "matchNumber",
        "pollToken",
        "codeStatus",
        "memberToken",
        "client",
        "expirationTime",
        "picture",
        "extra",
    ]);
    let answer = world.call(call).await;
    // The same randomness without the choices gives the same session.
    assert_eq!(answer.body, World::default().call(Call::post(CREATE).json(&machine())).await.body);
    let (id, match_number) = (answer.text("id"), answer.text("matchNumber"));
    assert_ne!((id.as_str(), match_number.as_str()), (UNKNOWN, "11"));
}

// D10 D6 G9
#[tokio::test]
async fn a_flood_of_creates_is_stopped_and_leaves_nothing() {
    let world = World::with(&[("CREATES_PER_MINUTE", "3")]);
    for _ in 0..3 {
        create(&world).await;
    }
    let made = || (world.memory.sessions().len(), world.drawer.pictures().len());
    for n in 0..20 {
        // D6: the caller's own word about its address does not count.
        let forged = format!("198.51.100.{n}");
        let call = Call::post(CREATE).json(&machine()).header("x-forwarded-for", &forged);
        let answer =
            world.call(call.header("x-real-ip", &forged).header("forwarded", &format!("for={forged}"))).await;
        answer.problem(429, "too_many_requests");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    assert_eq!(made(), (3, 3));
    let elsewhere = world.call(Call::post(CREATE).json(&machine()).from_ip("198.51.100.1")).await;
    assert_eq!(elsewhere.status, 200);
    world.clock.advance(Duration::from_mins(1));
    create(&world).await;
    assert_eq!(made(), (5, 5));
}

// F12
#[tokio::test]
async fn a_body_is_read_where_it_carries_one_meaning() {
    let world = World::default();
    for (body, name) in [
        (r#"{"deviceName":"BM05 \ud83d"}"#, Some("BM05 \u{FFFD}")),
        ("\u{FEFF}{\"deviceName\":\"BM05\"}", Some("BM05")),
        ("null", None),
        ("[]", None),
        ("", None),
    ] {
        let created = world.call(Call::post(CREATE).body("application/json", body)).await;
        assert_eq!((created.status.as_u16(), created.json()["deviceName"].as_str()), (200, name), "{body}");
    }
}

// B7
#[tokio::test]
async fn a_machine_that_asks_anew_ends_the_qr_it_showed_before() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let old = create(&world).await;
    super::must(&world, "scan", &old.text("id"), &member.token).await;
    super::must(&world, "bind", &old.text("id"), &member.token).await;
    let again = Call::post(CREATE).json(&machine()).header("token", &old.text("pollToken"));
    let new = world.call(again).await;
    assert_eq!(new.status, 200, "{}", new.whole());
    let State::Cancelled { reason, .. } = world.session(&old.text("id")).state else { panic!("still good") };
    assert_eq!(reason, CancelReason::Replaced);
    let late = super::status(&world, &old.text("id"), &old.text("pollToken")).await.json();
    assert_eq!((&late["codeStatus"], &late["memberToken"]), (&json!("FAILED"), &Value::Null));
    assert_eq!(super::code_status(&world, &new.text("id")).await, "DEFAULT");
    assert_ne!(new.text("pollToken"), old.text("pollToken"));
}

// B7 A2: only the secret of a QR ends it.
#[tokio::test]
async fn a_create_with_a_strangers_secret_ends_nothing() {
    let world = World::default();
    let (one, other) = (create(&world).await, create(&world).await);
    let before = [world.session(&one.text("id")), world.session(&other.text("id"))];
    let (id, poll_token) = (one.text("id"), other.text("pollToken"));
    let secret = poll_token.split_once('.').unwrap().1;
    for token in [&id, &format!("{id}.{secret}"), &format!("{id}."), &format!("{UNKNOWN}.{secret}"), "x"] {
        let call = Call::post(CREATE).json(&machine()).header("token", token);
        assert_eq!(world.call(call).await.status, 200, "{token}");
    }
    assert_eq!([world.session(&one.text("id")), world.session(&other.text("id"))], before);
}
