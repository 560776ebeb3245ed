//! `/api/qrCode/*` (`docs/kiosk.md`), by endpoint. This file has their helpers, and tests of all endpoints.

mod bind;
mod cancel;
mod create;
mod faults;
mod image;
mod phone;
mod races;
mod scan;
mod status;
mod token;

use std::time::Duration;

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

const CREATE: &str = "/api/qrCode/createLoginQrCode";
/// A well-formed id of no session.
const UNKNOWN: &str = "01ABCDEFGHJKMNPQRSTVWXYZ01";
/// The life of a session.
const LIFE: Duration = Duration::from_mins(5);

fn machine() -> Value {
    json!({"deviceName": "BM05", "deviceMac": "22:33"})
}

async fn create(world: &World) -> Answer {
    let created = world.call(Call::post(CREATE).json(&machine())).await;
    assert_eq!(created.status, 200, "{}", created.whole());
    created
}

fn ask(id: &str, poll_token: &str) -> Call {
    let call = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}")).json(&machine());
    if poll_token.is_empty() { call } else { call.header("token", poll_token) }
}

async fn status(world: &World, id: &str, poll_token: &str) -> Answer {
    world.call(ask(id, poll_token)).await
}

async fn code_status(world: &World, id: &str) -> String {
    status(world, id, "").await.text("codeStatus")
}

fn step_call(step: &str, id: &str, token: &str) -> Call {
    Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).header("token", token)
}

async fn step(world: &World, step: &str, id: &str, token: &str) -> Answer {
    world.call(step_call(step, id, token)).await
}

/// A step that must succeed.
async fn must(world: &World, name: &str, id: &str, token: &str) -> Answer {
    let answer = step(world, name, id, token).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.whole());
    answer
}

/// A confirmed session: the person, its id and its machine's `pollToken`.
async fn confirmed(world: &World) -> (Person, String, String) {
    let member = world.sign_in("13800138000").await;
    let created = create(world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    must(world, "scan", &id, &member.token).await;
    must(world, "bind", &id, &member.token).await;
    (member, id, poll_token)
}

#[tokio::test]
async fn a_login_from_picture_to_token() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    assert_snapshot!(created.whole());
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    assert_snapshot!(status(&world, &id, &poll_token).await.whole());
    assert_snapshot!(step(&world, "scan", &id, &member.token).await.whole());
    assert_snapshot!(step(&world, "bind", &id, &member.token).await.whole());
    let signed_in = status(&world, &id, &poll_token).await;
    assert_snapshot!(signed_in.whole());
    // B8: after a lost answer the same answer comes again.
    assert_eq!(status(&world, &id, &poll_token).await.body, signed_in.body);
}

#[tokio::test]
async fn a_body_is_what_the_contract_says() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let stored = world.memory.sessions();
    let json = "application/json";
    for (kind, body, status, code) in [
        (json, r#"{"deviceName": 5}"#, 400, "malformed_body"),
        (json, r#"{"deviceName": ["BM05"]}"#, 400, "malformed_body"),
        (json, r#"{"deviceMac": "a", "deviceMac": "b"}"#, 400, "malformed_body"),
        (json, r#""BM05""#, 400, "malformed_body"),
        (json, "[7]", 400, "malformed_body"),
        (json, "{", 400, "malformed_body"),
        (json, "{} {}", 400, "malformed_body"),
        (json, &"[".repeat(16_000), 400, "malformed_body"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "deviceName=BM05", 415, "unsupported_media_type"),
        ("application/jsonx", "{}", 415, "unsupported_media_type"),
    ] {
        let bad = |path: &str| Call::post(path).body(kind, body).header("token", &member.token);
        world.call(bad(CREATE)).await.problem(status, code);
        world.call(bad(&format!("/api/qrCode/getLoginQrCode/{id}"))).await.problem(status, code);
    }
    // W8
    let name = |length| json!({"deviceName": "n".repeat(length)}).to_string();
    for (length, status) in [(10_000, 200), (16 * 1024 - 17, 200), (16 * 1024 - 16, 413), (1_000_000, 413)] {
        let created = world.call(Call::post(CREATE).body(json, &name(length))).await;
        assert_eq!(created.status, status, "{length}");
        if status == 413 {
            created.problem(413, "too_large");
        } else {
            assert_eq!(created.text("deviceName"), "n".repeat(64));
        }
    }
    for body in [r#"{"matchNumber": 42}"#, r#"{"matchNumber": {}}"#, "{"] {
        let call = step_call("bind", &id, &member.token).body(json, body);
        world.call(call).await.problem(400, "malformed_body");
    }
    for step in ["scan", "cancel"] {
        let call = step_call(step, &id, &member.token).body("text/plain", "x");
        world.call(call).await.problem(415, "unsupported_media_type");
    }
    assert!(world.memory.sessions().contains(&stored[0]));
}

#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    for id in [UNKNOWN, "1", "%F0%9F%92%A5", "..%2F..", &"A".repeat(5_000)] {
        status(&world, id, "").await.problem(404, "not_found");
        for name in ["scan", "bind", "cancel"] {
            step(&world, name, id, &member.token).await.problem(404, "not_found");
        }
    }
}

// W15 (foreign): a session of another contract is unknown.
#[tokio::test]
async fn a_web_session_is_unknown_here() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let code = world.call(Call::get("/qr/code")).await.text("code");
    let unknown = status(&world, UNKNOWN, "").await;
    assert_eq!(status(&world, &code, "").await.whole(), unknown.whole());
    for name in ["scan", "bind", "cancel"] {
        assert_eq!(step(&world, name, &code, &member.token).await.whole(), unknown.whole());
    }
}

// C1 C3
#[tokio::test]
async fn an_expired_session_is_expired_everywhere() {
    for (state, later) in
        [("pending", LIFE), ("scanned", LIFE), ("confirmed", LIFE), ("confirmed", Duration::from_hours(47))]
    {
        let world = World::with(&[("ACCESS_TOKEN_SECONDS", "3600")]);
        let member = world.sign_in("13800138000").await;
        let created = create(&world).await;
        let (id, poll_token) = (created.text("id"), created.text("pollToken"));
        for (name, from) in [("scan", "pending"), ("bind", "scanned")] {
            if world.session(&id).state.name() == from && state != from {
                must(&world, name, &id, &member.token).await;
            }
        }
        let stored = world.session(&id);
        assert_eq!(stored.state.name(), state);
        world.clock.advance(later);
        let member = if later == LIFE { member } else { world.sign_in("13800138000").await };
        let answer = status(&world, &id, &poll_token).await.json();
        assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("FAILED"), &Value::Null));
        for name in ["scan", "bind", "cancel"] {
            // The phone that holds the claim learns why it is over. To any other phone the code is unknown.
            let (status, code) =
                if later == LIFE && state != "pending" { (410, "expired") } else { (404, "not_found") };
            step(&world, name, &id, &member.token).await.problem(status, code);
        }
        assert_eq!(world.session(&id), stored);
    }
}

// W15
#[tokio::test]
async fn unknown_expired_used_and_cancelled_look_the_same_to_a_phone() {
    let world = World::default();
    let stranger = world.sign_in("13900139000").await;
    let (member, used, poll_token) = confirmed(&world).await;
    assert!(status(&world, &used, &poll_token).await.json()["memberToken"].is_string());
    let cancelled = create(&world).await.text("id");
    must(&world, "scan", &cancelled, &member.token).await;
    must(&world, "cancel", &cancelled, &member.token).await;
    let expired = create(&world).await.text("id");
    let mut session = world.session(&expired);
    session.expires_at = world.clock.now();
    world.memory.force(session);
    for name in ["scan", "bind", "cancel"] {
        let unknown = step(&world, name, UNKNOWN, &stranger.token).await.whole();
        for id in [&expired, &used, &cancelled] {
            assert_eq!(step(&world, name, id, &stranger.token).await.whole(), unknown, "{name}");
        }
    }
}
