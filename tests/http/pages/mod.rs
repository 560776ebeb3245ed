//! The pages that people see, by topic. This file has the calls that their tests share, and whole logins.

mod files;
mod phone;
mod welcome;
mod widget;

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::web::{Pc, named};

/// The phone page's calls: `scan`, `confirm` or `cancel`.
pub(crate) async fn step(world: &World, step: &str, person: &Person, code: &str, body: &Value) -> Answer {
    world.call(Call::post(&format!("/q/{code}/{step}")).bearer(&person.token).json(body)).await
}

#[track_caller]
fn state(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.whole());
    answer.text("state")
}

/// A kiosk's session: its id and poll token.
async fn kiosk(world: &World, device: &str) -> (String, String) {
    let body = json!({"deviceName": device, "deviceMac": "22:33"});
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&body)).await;
    (created.text("id"), created.text("pollToken"))
}

async fn exchange(world: &World, cookie: &str, ticket: &str) -> Answer {
    let call = Call::post("/welcome").json(&json!({"ticket": ticket}));
    world.call(if cookie.is_empty() { call } else { call.cookie(cookie) }).await
}

#[tokio::test]
async fn a_web_login_through_the_phone_page() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let scanned = step(&world, "scan", &person, &pc.code, &json!({})).await;
    assert_snapshot!(scanned.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 305

    {
      "consent": {
        "client": {
          "id": "saoma",
          "logo": null,
          "name": "Saoma"
        },
        "matchNumber": {
          "choices": [
            "47",
            "62",
            "86"
          ],
          "policy": "show"
        },
        "screen": {
          "deviceMac": null,
          "deviceName": null
        },
        "seen": {
          "age": 0,
          "at": 1705998038,
          "browser": "Firefox on Windows",
          "ip": "203.0.113.7",
          "sameNetwork": true
        }
      },
      "expiresIn": 300,
      "state": "scanned"
    }
    "#);
    let confirmed = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": pc.number})).await;
    assert_snapshot!(confirmed.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 42

    {
      "asksNextTime": false,
      "state": "confirmed"
    }
    "#);
    let exchanged = exchange(&world, &pc.cookie, &pc.ticket(&world).await).await;
    assert_snapshot!(named(exchanged.whole(), &[(exchanged.text("access_token").as_str(), "[token]")]), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 537

    {
      "access_token": "[token]",
      "expires_in": 900,
      "token_type": "Bearer",
      "user": {
        "memberId": "9241959852",
        "nickName": "138****8000"
      }
    }
    "#);
}

// I3
#[tokio::test]
async fn a_phone_learns_whether_the_screen_is_on_its_network() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for (screen, phone, same) in [
        ("203.0.113.9", "203.0.113.9", json!(true)),
        ("203.0.113.9", "203.0.113.10", json!(false)),
        ("2001:db8::1", "2001:db8::ffff:2", json!(true)),
        ("2001:db8::1", "2001:db8:0:1::1", json!(false)),
        ("203.0.113.9", "2001:db8::1", Value::Null),
    ] {
        let pc = Pc::read(&world.call(Call::get("/qr/code").from_ip(screen)).await);
        let scan = Call::post(&format!("/q/{}/scan", pc.code)).bearer(&person.token).from_ip(phone);
        let scanned = world.call(scan.json(&json!({}))).await.json();
        assert_eq!(scanned["consent"]["seen"]["sameNetwork"], same, "{screen} {phone}");
    }
}

#[tokio::test]
async fn a_kiosk_login_through_the_phone_page_binds_the_machine() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (id, poll_token) = kiosk(&world, "BM05").await;
    assert_eq!(state(&step(&world, "scan", &person, &id, &json!({})).await), "scanned");
    assert!(world.memory.devices().is_empty());
    assert_eq!(state(&step(&world, "confirm", &person, &id, &json!({})).await), "confirmed");
    let bound = ((person.account.to_string(), "22:33".to_owned()), Some("BM05".to_owned()));
    assert_eq!(world.memory.devices().into_iter().collect::<Vec<_>>(), [bound]);
    let call = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}")).header("token", &poll_token);
    let signed_in = world.call(call.json(&json!({"deviceName": "BM05", "deviceMac": "22:33"}))).await;
    assert_eq!(signed_in.text("codeStatus"), "SUCCESS");
    assert!(signed_in.json()["memberToken"].is_string());
    assert_eq!(signed_in.text("memberName"), "138****8000"); // I6
}
