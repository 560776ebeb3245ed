//! `/api/qrCode/*` (CONTRACTS section 1).

use std::{collections::HashSet, sync::Arc, time::Duration};

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    account::AccountStatus,
    client::Client,
    ports::Clock,
    session::{Dialect, MatchPolicy},
};
use saoma_memory::{Fault, world::FixedClock};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

const CREATE: &str = "/api/qrCode/createLoginQrCode";
/// A well-formed id that nobody has.
const UNKNOWN: &str = "01ABCDEFGHJKMNPQRSTVWXYZ01";
/// The life of a session.
const LIFE: Duration = Duration::from_mins(5);
/// Rounds of a race.
const ROUNDS: usize = 40;

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

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.text("code").as_str()), (status, code), "{}", answer.whole());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    // W16
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// A session somebody confirmed: the person, its id and its machine's `pollToken`.
async fn confirmed(world: &World) -> (Person, String, String) {
    let member = world.sign_in("13800138000").await;
    let created = create(world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    must(world, "scan", &id, &member.token).await;
    must(world, "bind", &id, &member.token).await;
    (member, id, poll_token)
}

/// Another phone of the same person. Codes by SMS are a minute apart.
async fn other_phone(world: &World, person: &Person) -> Person {
    world.clock.advance(Duration::from_mins(1));
    let other = world.sign_in(&person.number).await;
    assert_eq!(other.account, person.account);
    other
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
    // B8: a lost answer is given again.
    assert_eq!(status(&world, &id, &poll_token).await.body, signed_in.body);
}

#[tokio::test]
async fn a_cancelled_login_has_failed() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    must(&world, "scan", &id, &member.token).await;
    assert_snapshot!(step(&world, "cancel", &id, &member.token).await.whole());
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
    refused(&step(&world, "bind", &id, &member.token).await, 404, "not_found");
    // Saying no twice is saying no.
    must(&world, "cancel", &id, &member.token).await;
}

#[tokio::test]
async fn the_status_follows_the_session_through_its_life() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    assert_eq!(code_status(&world, &id).await, "DEFAULT");
    must(&world, "scan", &id, &member.token).await;
    assert_eq!(code_status(&world, &id).await, "SCAN");
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(code_status(&world, &id).await, "SUCCESS");
    // Expired is a kind of failed.
    world.clock.advance(LIFE);
    assert_eq!(code_status(&world, &id).await, "FAILED");
}

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

#[tokio::test]
async fn the_stored_picture_says_the_sessions_address_and_no_secret() {
    let world = World::default();
    let created = create(&world).await;
    let (id, url, poll_token) = (created.text("id"), created.text("codeUrl"), created.text("pollToken"));
    let pictures = world.drawer.pictures();
    let (name, png) = pictures.first_key_value().unwrap();
    assert_eq!((pictures.len(), png.starts_with(b"\x89PNG")), (1, true));
    let pixels = image::load_from_memory(png).unwrap().to_luma8();
    assert_eq!(pixels.dimensions(), (512, 512));
    let mut read = rqrr::PreparedImage::prepare_from_greyscale(512, 512, |x, y| {
        pixels.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0]
    });
    let (_, text) = read.detect_grids()[0].decode().unwrap();
    assert_eq!(text, format!("HTTPS://LOGIN.EXAMPLE.COM/Q/{id}"));
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
        refused(&world.call(with(channel)).await, 400, "unknown_channel");
    }
    // G9
    assert_eq!((world.memory.sessions().len(), world.drawer.pictures().len()), (sessions, sessions));
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
        // Documented, so there.
        assert_eq!(
            (created.get("deviceName"), created.get("deviceMac")),
            (Some(&Value::Null), Some(&Value::Null))
        );
    }
}

// A3: what a caller must not choose is not read; unknown fields are ignored.
#[tokio::test]
async fn a_create_chooses_nothing_of_the_session() {
    let world = World::default();
    let chosen = json!({
        "deviceName": "BM05", "deviceMac": "22:33", "id": UNKNOWN, "code": UNKNOWN, "matchNumber": "11",
        "pollToken": "chosen", "codeStatus": "SUCCESS", "memberToken": "chosen", "client": "CLINIC",
        "expirationTime": "2099-01-01 00:00:00", "picture": "chosen.png", "extra": {"a": [1]},
    });
    let answer = world.call(Call::post(CREATE).json(&chosen)).await;
    // The same randomness without the choices gives the same session.
    assert_eq!(answer.body, World::default().call(Call::post(CREATE).json(&machine())).await.body);
    let (id, match_number) = (answer.text("id"), answer.text("matchNumber"));
    assert_ne!((id.as_str(), match_number.as_str()), (UNKNOWN, "11"));
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
        (json, "null", 400, "malformed_body"),
        (json, "{", 400, "malformed_body"),
        (json, "{} {}", 400, "malformed_body"),
        (json, &"[".repeat(16_000), 400, "malformed_body"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "deviceName=BM05", 415, "unsupported_media_type"),
        ("application/jsonx", "{}", 415, "unsupported_media_type"),
    ] {
        let bad = |path: &str| Call::post(path).body(kind, body).header("token", &member.token);
        refused(&world.call(bad(CREATE)).await, status, code);
        refused(&world.call(bad(&format!("/api/qrCode/getLoginQrCode/{id}"))).await, status, code);
    }
    // W8
    let name = |length| json!({"deviceName": "n".repeat(length)}).to_string();
    for (length, status) in [(10_000, 200), (16 * 1024 - 17, 200), (16 * 1024 - 16, 413), (1_000_000, 413)] {
        let created = world.call(Call::post(CREATE).body(json, &name(length))).await;
        assert_eq!(created.status, status, "{length}");
        if status == 413 {
            refused(&created, 413, "too_large");
        } else {
            assert_eq!(created.text("deviceName"), "n".repeat(64));
        }
    }
    for body in [r#"{"matchNumber": 42}"#, r#"{"matchNumber": {}}"#, "{"] {
        let call = step_call("bind", &id, &member.token).body(json, body);
        refused(&world.call(call).await, 400, "malformed_body");
    }
    for step in ["scan", "cancel"] {
        let call = step_call(step, &id, &member.token).body("text/plain", "x");
        refused(&world.call(call).await, 415, "unsupported_media_type");
    }
    assert!(world.memory.sessions().contains(&stored[0]));
}

#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    for id in [UNKNOWN, "1", "%F0%9F%92%A5", "..%2F..", &"A".repeat(5_000)] {
        refused(&status(&world, id, "").await, 404, "not_found");
        for name in ["scan", "bind", "cancel"] {
            refused(&step(&world, name, id, &member.token).await, 404, "not_found");
        }
    }
}

// D4
#[tokio::test]
async fn an_id_is_read_as_people_write_it() {
    let world = World::default();
    let id = create(&world).await.text("id");
    let dashed = format!("{}-{}", &id[..13], &id[13..]);
    let look_alike = id.replace('1', "l").replace('0', "o");
    for spelling in [id.to_ascii_lowercase(), dashed, look_alike] {
        assert_eq!(status(&world, &spelling, "").await.text("id"), id, "{spelling}");
    }
}

// W15 (foreign): a session of another contract is as unknown as none.
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

#[tokio::test]
async fn another_machine_sees_the_state_and_nothing_else() {
    let world = World::default();
    let (_, id, poll_token) = confirmed(&world).await;
    let stored = world.memory.sessions();
    let body = json!({"deviceName": "BM05", "deviceMac": "44:55"});
    for token in ["", poll_token.as_str()] {
        let call = ask(&id, token).json(&body);
        assert_snapshot!("another_machine", world.call(call).await.whole());
    }
    // The secret's holder lost nothing.
    assert_eq!(world.memory.sessions(), stored);
    assert!(status(&world, &id, &poll_token).await.json()["memberToken"].is_string());
}

// A1
#[tokio::test]
async fn the_qr_alone_gets_no_token() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    let stored = world.memory.sessions();
    let picture = world.session(&id).picture.unwrap();
    let hash = format!("{:?}", world.session(&id).screen.as_bytes());
    for token in ["", id.as_str(), &member.token, "null", &poll_token[1..], picture.as_str(), &hash] {
        let answer = status(&world, &id, token).await.json();
        assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("SUCCESS"), &Value::Null));
        let shown = answer.to_string();
        // No personal data either.
        assert!(!shown.contains(&member.account.to_string()) && !shown.contains("138****8000"), "{shown}");
    }
    // Nor does a body or a query carry it.
    let body = json!({"deviceMac": "22:33", "token": poll_token, "pollToken": poll_token});
    assert_eq!(world.call(ask(&id, "").json(&body)).await.json()["memberToken"], Value::Null);
    // E2
    let query = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}?token={poll_token}"));
    refused(&world.call(query).await, 400, "secret_in_query");
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

// A7
#[tokio::test]
async fn another_person_can_neither_bind_nor_cancel() {
    let world = World::default();
    let (owner, thief) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &thief).await;
    must(&world, "bind", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &thief).await;
}

// A8
#[tokio::test]
async fn the_same_persons_other_phone_can_neither_bind_nor_cancel() {
    let world = World::default();
    let owner = world.sign_in("13800138000").await;
    let other = other_phone(&world, &owner).await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &owner.token).await;
    another_phone_is_refused(&world, &id, &other).await;
}

async fn another_phone_is_refused(world: &World, id: &str, other: &Person) {
    let before = (world.session(id), world.memory.devices());
    for name in ["scan", "bind", "cancel"] {
        let answer = step(world, name, id, &other.token).await;
        refused(&answer, 403, "claimed_by_another");
        // B6: and learns nothing.
        assert!(answer.json().get("consent").is_none());
    }
    assert_eq!((world.session(id), world.memory.devices()), before);
}

// A9
#[tokio::test]
async fn what_was_not_scanned_cannot_be_bound() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let stored = world.session(&id);
    refused(&step(&world, "bind", &id, &member.token).await, 409, "not_scanned");
    assert_eq!(world.session(&id), stored);
}

// A11
#[tokio::test]
async fn a_body_names_nobody() {
    let world = World::default();
    let (thief, victim) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let id = create(&world).await.text("id");
    let named = json!({
        "memberId": victim.account.to_string(), "account": victim.account.to_string(), "phone": victim.number,
        "userId": victim.account.to_string(), "idNumber": "11010519491231002X", "token": victim.token,
    });
    for name in ["scan", "bind"] {
        let answer = world.call(step_call(name, &id, &thief.token).json(&named)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.session(&id).state.claim().unwrap().by.account, thief.account);
    }
    assert_eq!(world.memory.devices().keys().next().unwrap().0, thief.account.to_string());
}

// A12
#[tokio::test]
async fn a_token_got_by_scanning_approves_nothing() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    let member_token = status(&world, &id, &poll_token).await.text("memberToken");
    let next = create(&world).await.text("id");
    for scanned in [false, true] {
        if scanned {
            must(&world, "scan", &next, &member.token).await;
        }
        let stored = world.session(&next);
        for name in ["scan", "bind", "cancel"] {
            refused(&step(&world, name, &next, &member_token).await, 403, "not_an_approver");
        }
        assert_eq!(world.session(&next), stored);
    }
}

// A13
#[tokio::test]
async fn a_phone_needs_a_good_token_of_its_own() {
    let world = World::with(&[("ACCESS_TOKEN_SECONDS", "60")]);
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    let stored = world.session(&id);
    let elsewhere = World::with(&[("PUBLIC_URL", "https://other.example.com")]).sign_in("13800138000").await;
    let (head, _) = member.token.rsplit_once('.').unwrap();
    let bare = format!("{head}.");
    for token in ["", "x", &elsewhere.token, &bare, &member.refresh_token] {
        for name in ["scan", "bind", "cancel"] {
            let answer = step(&world, name, &id, token).await;
            refused(&answer, 401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(world.session(&id), stored);
    // Signed out between scan and bind.
    let signed_out = world.call(Call::post("/api/user/logout").bearer(&member.token)).await;
    assert_eq!(signed_out.status, 204);
    refused(&step(&world, "bind", &id, &member.token).await, 401, "unauthorized");
    // Expired between scan and bind.
    let other = world.sign_in("13900139000").await;
    let second = create(&world).await.text("id");
    must(&world, "scan", &second, &other.token).await;
    world.clock.advance(Duration::from_mins(1));
    refused(&step(&world, "bind", &second, &other.token).await, 401, "unauthorized");
    assert_eq!(world.session(&id), stored);
    assert_eq!(code_status(&world, &second).await, "SCAN");
}

#[tokio::test]
async fn a_phone_token_comes_in_either_header() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    let path = format!("/api/qrCode/scanLoginQrCode/{id}");
    assert_eq!(world.call(Call::post(&path).bearer(&member.token)).await.status, 200);
    assert_eq!(world.call(Call::post(&path).header("token", &member.token)).await.status, 200);
    // E2
    refused(&world.call(Call::post(&format!("{path}?token={}", member.token))).await, 400, "secret_in_query");
    // W1: a cookie is nobody.
    let cookie = format!("token={}", member.token);
    refused(&world.call(Call::post(&path).cookie(&cookie)).await, 401, "unauthorized");
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
        // Unlocking does not bring it back.
        world.set_status(&member, AccountStatus::Active);
        assert_eq!(status(&world, &id, &poll_token).await.json()["memberToken"], Value::Null);
    }
}

// A14
#[tokio::test]
async fn a_barred_account_can_approve_nothing() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let id = create(&world).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    world.set_status(&member, AccountStatus::Locked);
    refused(&step(&world, "bind", &id, &member.token).await, 403, "account_barred");
    assert_eq!(code_status(&world, &id).await, "SCAN");
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
    assert_eq!(must(&world, "scan", &id, &member.token).await.body, first.body);
    assert_eq!(world.session(&id), stored);
    // Binding again is the same.
    must(&world, "bind", &id, &member.token).await;
    let stored = world.session(&id);
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.session(&id), stored);
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
            refused(&step(&world, name, &id, &member.token).await, 404, "not_found");
        }
        assert_eq!(world.session(&id), stored);
    }
}

// B3
#[tokio::test]
async fn a_bind_counts_until_the_last_second_and_not_at_the_end() {
    for (before_end, status) in [(1, 200), (0, 404)] {
        let world = World::default();
        let member = world.sign_in("13800138000").await;
        let id = create(&world).await.text("id");
        must(&world, "scan", &id, &member.token).await;
        world.clock.advance(LIFE.saturating_sub(Duration::from_secs(before_end)));
        assert_eq!(step(&world, "bind", &id, &member.token).await.status, status);
    }
}

// C5
#[tokio::test]
async fn polling_writes_nothing_and_extends_nothing() {
    let world = World::default();
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let stored = world.session(&id);
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(10));
        let answer = status(&world, &id, &poll_token).await;
        assert_eq!((answer.status.as_u16(), answer.text("codeStatus").as_str()), (200, "DEFAULT"));
    }
    assert_eq!(world.session(&id), stored);
    // One read a poll, and no write.
    let calls = world.memory.calls();
    world.clock.advance(Duration::from_secs(2));
    status(&world, &id, &poll_token).await;
    assert_eq!(world.memory.calls() - calls, 1);
    world.clock.set(FixedClock::EXAMPLE.plus(LIFE));
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
}

// D7
#[tokio::test]
async fn a_hasty_poll_is_told_when_to_come_back_with_the_state() {
    let world = World::default();
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let first = status(&world, &id, &poll_token).await;
    world.clock.advance(Duration::from_millis(999));
    let hasty = status(&world, &id, &poll_token).await;
    assert_eq!((hasty.status.as_u16(), hasty.header("retry-after")), (429, "1"));
    assert_eq!(hasty.body, first.body);
    // An early poll does not put off the next, nor do a stranger's: nobody is starved.
    for _ in 0..5 {
        status(&world, &id, "").await;
    }
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(status(&world, &id, &poll_token).await.status, 200);
}

// D8
#[tokio::test]
async fn what_changed_is_never_withheld() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    let polled = async || {
        let answer = status(&world, &id, &poll_token).await;
        (answer.status.as_u16(), answer.text("codeStatus"))
    };
    assert_eq!(polled().await, (200, "DEFAULT".to_owned()));
    assert_eq!(polled().await.0, 429);
    must(&world, "scan", &id, &member.token).await;
    assert_eq!(polled().await, (200, "SCAN".to_owned()));
    assert_eq!(polled().await.0, 429);
    must(&world, "bind", &id, &member.token).await;
    for _ in 0..3 {
        assert_eq!(polled().await, (200, "SUCCESS".to_owned()));
    }
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
        // D6: what a caller says of its address is not believed.
        let forged = format!("198.51.100.{n}");
        let call = Call::post(CREATE).json(&machine()).header("x-forwarded-for", &forged);
        let answer =
            world.call(call.header("x-real-ip", &forged).header("forwarded", &format!("for={forged}"))).await;
        refused(&answer, 429, "too_many_requests");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    assert_eq!(made(), (3, 3));
    let elsewhere = world.call(Call::post(CREATE).json(&machine()).from_ip("198.51.100.1")).await;
    assert_eq!(elsewhere.status, 200);
    world.clock.advance(Duration::from_mins(1));
    create(&world).await;
    assert_eq!(made(), (5, 5));
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

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_session() {
    for policy in [MatchPolicy::Off, MatchPolicy::Show, MatchPolicy::Pick] {
        let world = World::default();
        world.register_client("HOSPITAL_SAAS", |client| saoma_domain::client::Client {
            match_policy: policy,
            ..client
        });
        let member = world.sign_in("13800138000").await;
        let created = create(&world).await;
        let id = created.text("id");
        let right = world.session(&id).match_number;
        let wrong = (10..100).find(|n| *n != right.get()).unwrap().to_string();
        must(&world, "scan", &id, &member.token).await;
        let pick = |number: &str| step_call("bind", &id, &member.token).json(&json!({"matchNumber": number}));
        refused(&world.call(pick("4")).await, 400, "malformed_match_number");
        assert_eq!(code_status(&world, &id).await, "SCAN");
        refused(&world.call(pick(&wrong)).await, 403, "wrong_match_number");
        assert_eq!(code_status(&world, &id).await, "FAILED");
        refused(&world.call(pick(&right.to_string())).await, 404, "not_found");
        assert_eq!(status(&world, &id, &created.text("pollToken")).await.json()["memberToken"], Value::Null);
        assert!(world.memory.devices().is_empty());
    }
}

#[tokio::test]
async fn under_the_policy_pick_a_number_is_needed() {
    let world = World::default();
    world.register_client("CLINIC", |client| saoma_domain::client::Client {
        match_policy: MatchPolicy::Pick,
        ..client
    });
    let member = world.sign_in("13800138000").await;
    let created = world.call(Call::post(CREATE).json(&machine()).header("channel", "CLINIC")).await;
    let (id, number) = (created.text("id"), created.text("matchNumber"));
    let consent = &must(&world, "scan", &id, &member.token).await.json()["consent"]["matchNumber"];
    assert_eq!(consent["policy"], "pick");
    assert!(consent["choices"].as_array().unwrap().contains(&json!(number)));
    refused(&step(&world, "bind", &id, &member.token).await, 400, "match_number_required");
    assert_eq!(code_status(&world, &id).await, "SCAN");
    let picked =
        world.call(step_call("bind", &id, &member.token).json(&json!({"matchNumber": number}))).await;
    assert_eq!(picked.text("codeStatus"), "SUCCESS");
}

#[tokio::test]
async fn under_the_policy_off_no_number_is_shown() {
    let world = World::default();
    world.register_client("CLINIC", |client| saoma_domain::client::Client {
        match_policy: MatchPolicy::Off,
        ..client
    });
    let member = world.sign_in("13800138000").await;
    let created = world.call(Call::post(CREATE).json(&machine()).header("channel", "CLINIC")).await;
    assert!(created.json().get("matchNumber").is_none());
    let scanned = must(&world, "scan", &created.text("id"), &member.token).await.json();
    assert_eq!(scanned["consent"]["matchNumber"], json!({"policy": "off", "choices": []}));
    must(&world, "bind", &created.text("id"), &member.token).await;
}

#[tokio::test]
async fn binding_binds_the_machine_to_the_member() {
    let world = World::default();
    let (member, id, _) = confirmed(&world).await;
    let key = (member.account.to_string(), "22:33".to_owned());
    let bound = [(key, Some("BM05".to_owned()))].into();
    assert_eq!(world.memory.devices(), bound);
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.memory.devices(), bound);
    // A machine that did not say which it is cannot be bound.
    let id = world.call(Call::post(CREATE)).await.text("id");
    must(&world, "scan", &id, &member.token).await;
    must(&world, "bind", &id, &member.token).await;
    assert_eq!(world.memory.devices(), bound);
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

// W10
#[tokio::test]
async fn what_a_machine_calls_itself_is_made_harmless() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let body = json!({"deviceName": "\u{202E}evil\u{200B}\r\n<b>", "deviceMac": "22\u{0}:33"});
    let id = world.call(Call::post(CREATE).json(&body)).await.text("id");
    let screen = &must(&world, "scan", &id, &member.token).await.json()["consent"]["screen"];
    assert_eq!(screen, &json!({"deviceName": "evil<b>", "deviceMac": "22:33"}));
    // The machine that sends the same again is the same machine.
    let same = ask(&id, "").json(&body);
    assert_eq!(world.call(same).await.text("deviceMac"), "22:33");
}

// B12
#[tokio::test]
async fn a_failing_store_is_survived_by_trying_again_and_gives_one_token() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for calls in 0.. {
            let world = World::default();
            let member = world.sign_in("13800138000").await;
            world.memory.inject(calls, fault);
            let mut failures = 0;
            let mut again = async |call: Call| {
                let mut answer = world.call(call.clone()).await;
                if answer.status == 503 {
                    refused(&answer, 503, "unavailable");
                    assert_eq!(answer.header("retry-after"), "1");
                    failures += 1;
                    answer = world.call(call).await;
                }
                assert_eq!(answer.status, 200, "{fault:?} {calls}: {}", answer.whole());
                answer
            };
            let created = again(Call::post(CREATE).json(&machine())).await;
            let (id, poll_token) = (created.text("id"), created.text("pollToken"));
            again(ask(&id, &poll_token)).await;
            again(step_call("scan", &id, &member.token)).await;
            again(step_call("bind", &id, &member.token)).await;
            let token = again(ask(&id, &poll_token)).await.text("memberToken");
            assert_eq!(again(ask(&id, &poll_token)).await.text("memberToken"), token);
            assert_eq!(world.memory.devices().len(), 1);
            if world.memory.disarm() {
                assert!((10..40).contains(&calls), "{calls} calls");
                break;
            }
            assert_eq!(failures, 1, "{fault:?} {calls}");
        }
    }
}

// B11
#[tokio::test]
async fn a_stale_copy_makes_no_wrong_step() {
    let world = World::default();
    let (member, id, poll_token) = confirmed(&world).await;
    world.memory.lag(&world.session(&id).code);
    must(&world, "cancel", &id, &member.token).await;
    // The poll reads a copy that is still confirmed; the write knows better.
    assert_eq!(status(&world, &id, &poll_token).await.json()["memberToken"], Value::Null);
    assert_eq!(world.session(&id).state.name(), "cancelled");
    world.memory.catch_up();
    assert_eq!(status(&world, &id, &poll_token).await.text("codeStatus"), "FAILED");
}

/// Makes all calls at once, each on its own task.
async fn at_once(world: &Arc<World>, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let mut tasks = JoinSet::new();
    for call in calls {
        let (world, barrier) = (world.clone(), barrier.clone());
        tasks.spawn(async move {
            barrier.wait().await;
            world.call(call).await
        });
    }
    tasks.join_all().await
}

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
        // A cancel always comes through, before the bind or after it.
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
        refused(lost[0], 403, "claimed_by_another");
    }
}

// A5: a web client's token leaves only for its server's ticket.
#[tokio::test]
async fn a_client_of_another_contract_is_unknown() {
    let world = World::default();
    world.register_client("shop", |client| Client { dialects: vec![Dialect::Web], ..client });
    for channel in ["saoma", "shop"] {
        let call = Call::post(CREATE).json(&machine()).header("channel", channel);
        refused(&world.call(call).await, 400, "unknown_channel");
    }
    assert!(world.memory.sessions().is_empty());
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
