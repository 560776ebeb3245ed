//! `POST /q/{code}/scan`, `confirm`, `cancel`: the phone page's calls.

use acceptance::{Call, Person, World};
use serde_json::json;

use super::{exchange, kiosk, state, step};
use crate::web::{Pc, app, done, let_in, pass, sessions};

#[tokio::test]
async fn cancelling_on_the_phone_page_ends_either_kind() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for code in [Pc::open(&world).await.code, kiosk(&world, "BM05").await.0] {
        assert_eq!(state(&step(&world, "scan", &person, &code, &json!({})).await), "scanned");
        for _ in 0..2 {
            assert_eq!(state(&step(&world, "cancel", &person, &code, &json!({})).await), "cancelled");
        }
        step(&world, "confirm", &person, &code, &json!({})).await.problem(410, "cancelled");
        assert_eq!(world.session(&code).state.name(), "cancelled");
    }
    assert!(world.memory.devices().is_empty());
}

// F10
#[tokio::test]
async fn what_a_scanner_adds_to_a_code_does_not_matter() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let code = Pc::open(&world).await.code;
    for added in ["%0A", "%20", "%2F"] {
        let answer = step(&world, "scan", &person, &format!("{code}{added}"), &json!({})).await;
        assert_eq!(state(&answer), "scanned", "{added}");
    }
}

// W1
#[tokio::test]
async fn a_cookie_scans_confirms_and_cancels_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    let before = sessions(&world);
    for name in ["scan", "confirm", "cancel"] {
        let call = || {
            let call = Call::post(&format!("/q/{}/{name}", pc.code)).header("origin", "https://evil.example");
            call.cookie(&pc.cookie).cookie(&format!("token={}", person.token))
        };
        for call in [call(), call().json(&json!({"token": person.token}))] {
            world.call(call).await.problem(401, "unauthorized");
        }
        for form in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
            let call = call().header("token", &person.token);
            world.call(call.body(form, "matchNumber=42")).await.problem(415, "unsupported_media_type");
        }
    }
    assert_eq!(sessions(&world), before);
}

// I1
#[tokio::test]
async fn the_phone_is_shown_who_asks() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (id, _) = kiosk(&world, "BM05").await;
    let scanned = step(&world, "scan", &person, &id, &json!({})).await.json();
    let number = world.session(&id).match_number.to_string();
    let consent = &scanned["consent"];
    assert_eq!(consent["client"], json!({"id": "HOSPITAL_SAAS", "name": "HOSPITAL_SAAS", "logo": null}));
    assert_eq!(consent["screen"], json!({"deviceName": "BM05", "deviceMac": "22:33"}));
    assert_eq!(
        consent["seen"],
        json!({"ip": "203.0.113.7", "sameNetwork": true, "browser": "Firefox on Windows", "at": 1_705_998_038, "age": 0})
    );
    assert_eq!(consent["matchNumber"]["policy"], "show");
    let choices = consent["matchNumber"]["choices"].as_array().unwrap();
    assert_eq!((choices.len(), choices.contains(&json!(number))), (3, true));
    assert_eq!(scanned["expiresIn"], json!(300));
}

// W10 W9
#[tokio::test]
async fn what_a_screen_calls_itself_comes_back_inert() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    for (name, shown) in [
        ("<img src=x onerror=alert(1)>", json!("<img src=x onerror=alert(1)>")),
        ("\u{202E}moc.live\u{2066}x", json!("moc.livex")),
        ("pay\u{200B}pal\u{FEFF}", json!("paypal")),
        ("a\r\nSet-Cookie: x\0", json!("aSet-Cookie: x")),
        ("\u{200B}", json!(null)),
        (&"长".repeat(4000), json!("长".repeat(21))),
    ] {
        let (id, _) = kiosk(&world, name).await;
        let answer = step(&world, "scan", &person, &id, &json!({})).await;
        // The answer is JSON, which no browser shows as a page. The page inserts the name as text.
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.json()["consent"]["screen"]["deviceName"], shown);
    }
}

// A7 A8
#[tokio::test]
async fn a_second_phone_cannot_scan_confirm_or_cancel() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    pass(&world, 61);
    let other_phone = world.sign_in("13800138000").await;
    for code in [Pc::open(&world).await.code, kiosk(&world, "BM05").await.0] {
        assert_eq!(state(&step(&world, "scan", &person, &code, &json!({})).await), "scanned");
        let before = sessions(&world);
        for stranger in [&other, &other_phone] {
            for name in ["scan", "confirm", "cancel"] {
                step(&world, name, stranger, &code, &json!({})).await.problem(403, "claimed_by_another");
            }
        }
        assert_eq!(sessions(&world), before);
    }
    assert!(world.memory.devices().is_empty());
}

// A9
#[tokio::test]
async fn what_was_not_scanned_cannot_be_confirmed() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    step(&world, "confirm", &person, &pc.code, &json!({})).await.problem(409, "not_scanned");
    assert_eq!(sessions(&world), before);
}

// A12
#[tokio::test]
async fn a_token_got_by_scanning_approves_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let first = Pc::open(&world).await;
    let_in(&world, &person, &first).await;
    let token = exchange(&world, &first.cookie, &first.ticket(&world).await).await.text("access_token");
    let bred = Person { token, ..person };
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for name in ["scan", "confirm", "cancel"] {
        step(&world, name, &bred, &pc.code, &json!({})).await.problem(403, "not_an_approver");
    }
    assert_eq!(sessions(&world), before);
}

// A13
#[tokio::test]
async fn a_phone_that_signed_out_after_scanning_cannot_confirm() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    let before = sessions(&world);
    assert_eq!(world.call(Call::post("/api/user/logout").bearer(&person.token)).await.status, 204);
    step(&world, "confirm", &person, &pc.code, &json!({})).await.problem(401, "unauthorized");
    assert_eq!(sessions(&world), before);
}

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_session() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    assert_eq!(state(&step(&world, "scan", &person, &pc.code, &json!({})).await), "scanned");
    for malformed in ["4", "4a", "420"] {
        let answer = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": malformed})).await;
        answer.problem(400, "malformed_match_number");
    }
    assert_eq!(world.session(&pc.code).state.name(), "scanned");
    let answer = step(&world, "confirm", &person, &pc.code, &json!({"matchNumber": "07"})).await;
    answer.problem(403, "wrong_match_number");
    assert_eq!(world.session(&pc.code).state.name(), "cancelled");
}

// W15 W8
#[tokio::test]
async fn a_stranger_cannot_tell_one_dead_code_from_another() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let expired = Pc::open(&world).await.code;
    pass(&world, 300);
    let stranger = world.sign_in("13800138001").await;
    let cancelled = Pc::open(&world).await.code;
    done(&app(&world, "cancel", &person, &cancelled).await);
    for name in ["scan", "confirm", "cancel"] {
        let unknown = step(&world, name, &stranger, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", &json!({})).await;
        unknown.problem(404, "not_found");
        for code in [expired.clone(), cancelled.clone(), "x".to_owned(), "x".repeat(4000)] {
            let answer = step(&world, name, &stranger, &code, &json!({})).await;
            assert_eq!((answer.whole(), answer.body), (unknown.whole(), unknown.body.clone()), "{code}");
        }
    }
}

// E2
#[tokio::test]
async fn a_secret_in_the_query_is_refused() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for name in ["scan", "confirm", "cancel"] {
        let call = Call::post(&format!("/q/{}/{name}?token={}", pc.code, person.token)).json(&json!({}));
        world.call(call).await.problem(400, "secret_in_query");
    }
    assert_eq!(world.session(&pc.code).version, 1);
}
