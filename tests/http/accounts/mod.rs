//! `/api/user/*` (CONTRACTS section 5), by endpoint. Here: what they share, and what holds of several.

mod login_code;
mod logout;
mod refresh;
mod send_code;

use std::time::Duration;

use acceptance::{Call, World};
use insta::assert_snapshot;
use saoma_domain::account::AccountStatus;
use serde_json::json;

const NUMBER: &str = "13800138000";
const MINUTE: Duration = Duration::from_mins(1);

fn send_call(number: &str) -> Call {
    Call::post("/api/user/sendCode").json(&json!({"phone": number}))
}

fn login_call(number: &str, code: &str) -> Call {
    Call::post("/api/user/login/code").json(&json!({"phone": number, "code": code}))
}

fn refresh_call(token: &str) -> Call {
    Call::post("/api/user/refresh").json(&json!({"refreshToken": token}))
}

/// Sends a code; it comes back as the phone got it.
async fn send(world: &World, number: &str) -> String {
    let sent = world.call(send_call(number)).await;
    assert_eq!(sent.status, 200, "{}", sent.whole());
    world.outbox.last_code().unwrap()
}

#[tokio::test]
async fn signing_in_staying_in_and_leaving() {
    let world = World::default();
    assert_snapshot!(world.call(send_call(NUMBER)).await.whole());
    assert_snapshot!("the_message", format!("{:#?}", world.outbox.messages()));
    let code = world.outbox.last_code().unwrap();
    let signed_in = world.call(login_call(NUMBER, &code)).await;
    assert_snapshot!(signed_in.whole());
    let refreshed = world.call(refresh_call(&signed_in.text("refreshToken"))).await;
    assert_snapshot!(refreshed.whole());
    let left = world.call(Call::post("/api/user/logout").bearer(&refreshed.text("token"))).await;
    assert_snapshot!(left.whole());
}

#[tokio::test]
async fn what_is_no_number_is_refused() {
    let world = World::default();
    for number in [
        "",
        "1380013800",
        "23800138000",
        "+",
        "+0123456789",
        "+86138001380",
        "+1415555267x",
        "+44 7911 12345", // F9: a digit is missing
        "١٣٨٠٠١٣٨٠٠٠",
        &"1".repeat(10_000),
    ] {
        world.call(send_call(number)).await.problem(400, "invalid_phone");
        world.call(login_call(number, "123456")).await.problem(400, "invalid_phone");
    }
    for body in [json!({}), json!({"phone": 13_800_138_000_u64}), json!({"phone": null}), json!([])] {
        world.call(Call::post("/api/user/sendCode").json(&body)).await.problem(400, "malformed_body");
    }
    assert!(world.outbox.messages().is_empty());
}

// H5
#[tokio::test]
async fn known_and_unknown_numbers_look_the_same() {
    let world = World::default();
    world.sign_in(NUMBER).await;
    world.clock.advance(MINUTE);
    let unknown = "13900139000";
    for call in
        [send_call as fn(&str) -> Call, |n| login_call(n, "000000"), send_call, |n| login_call(n, "12")]
    {
        assert_eq!(world.call(call(NUMBER)).await.whole(), world.call(call(unknown)).await.whole());
    }
}

#[tokio::test]
async fn a_barred_account_neither_signs_in_nor_stays_in() {
    for status in [AccountStatus::Locked, AccountStatus::Deleted] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        world.set_status(&person, status);
        world.clock.advance(MINUTE);
        let code = send(&world, NUMBER).await;
        world.call(login_call(NUMBER, &code)).await.problem(403, "account_barred");
        world.call(refresh_call(&person.refresh_token)).await.problem(403, "account_barred");
    }
}
