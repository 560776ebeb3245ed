//! `/api/user/*` (`docs/accounts.md`), by endpoint. This file has their helpers, and tests of several endpoints.

mod budgets;
mod lanes;
mod login_code;
mod logout;
mod refresh;
mod send_code;

use std::time::Duration;

use acceptance::{Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use saoma_domain::{account::AccountStatus, sms_puzzle};
use serde_json::json;

const NUMBER: &str = "13800138000";
const MINUTE: Duration = Duration::from_mins(1);

/// The nth challenge that a caller draws.
fn challenge(n: u8) -> String {
    URL_SAFE_NO_PAD.encode([n; 16])
}

fn send_call(n: u8, number: &str) -> Call {
    Call::post("/api/user/sendCode").json(&json!({"phone": number, "challenge": challenge(n)}))
}

fn login_call(n: u8, code: &str) -> Call {
    Call::post("/api/user/login/code").json(&json!({"challenge": challenge(n), "code": code}))
}

/// The nth wrong code of a challenge whose right one this is.
fn wrong(code: &str, n: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + n) % 1_000_000)
}

/// `sendCode` with more fields than number and challenge.
fn send_with(challenge: &str, number: &str, more: &serde_json::Value) -> Call {
    let mut body = json!({"phone": number, "challenge": challenge});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Call::post("/api/user/sendCode").json(&body)
}

/// Asks as a patient caller does, who solves each puzzle that comes. Gives the last answer, and the bits of the puzzles.
async fn send_patiently(
    world: &World,
    call: impl Fn(&serde_json::Value) -> Call,
) -> (acceptance::Answer, Vec<u32>) {
    let (mut more, mut solved) = (json!({}), Vec::new());
    loop {
        let answer = world.call(call(&more)).await;
        if answer.status != 429 || answer.json()["code"] != "puzzle_required" {
            return (answer, solved);
        }
        let puzzle = answer.json()["puzzle"].clone();
        let bits = u32::try_from(puzzle["bits"].as_u64().unwrap()).unwrap();
        solved.push(bits);
        more = json!({"puzzle": sms_puzzle::solve(puzzle["token"].as_str().unwrap(), bits)});
    }
}

fn refresh_call(token: &str) -> Call {
    Call::post("/api/user/refresh").json(&json!({"refreshToken": token}))
}

/// Sends a code; returns it as the phone got it.
async fn send(world: &World, n: u8, number: &str) -> String {
    let sent = world.call(send_call(n, number)).await;
    assert_eq!(sent.status, 200, "{}", sent.whole());
    world.outbox.last_code().unwrap()
}

#[tokio::test]
async fn signing_in_staying_in_and_leaving() {
    let world = World::default();
    assert_snapshot!(world.call(send_call(1, NUMBER)).await.whole());
    assert_snapshot!("the_message", format!("{:#?}", world.outbox.messages()));
    let code = world.outbox.last_code().unwrap();
    let signed_in = world.call(login_call(1, &code)).await;
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
        world.call(send_call(1, number)).await.problem(400, "invalid_phone");
    }
    for phone in [json!(13_800_138_000_u64), json!(null), json!({}), json!([])] {
        let body = json!({"phone": phone, "challenge": challenge(1)});
        world.call(Call::post("/api/user/sendCode").json(&body)).await.problem(400, "malformed_body");
    }
    assert!(world.outbox.messages().is_empty());
}

#[tokio::test]
async fn what_is_no_challenge_is_refused() {
    let world = World::default();
    for no_challenge in
        [json!(null), json!(""), json!("short"), json!("!".repeat(22)), json!("a".repeat(10_000))]
    {
        let asked = json!({"phone": NUMBER, "challenge": no_challenge});
        world.call(Call::post("/api/user/sendCode").json(&asked)).await.problem(400, "invalid_challenge");
        let presented = json!({"challenge": no_challenge, "code": "123456"});
        let call = Call::post("/api/user/login/code").json(&presented);
        world.call(call).await.problem(400, "invalid_challenge");
    }
    assert!(world.outbox.messages().is_empty());
}

// H5
#[tokio::test]
async fn known_and_unknown_numbers_look_the_same() {
    let world = World::default();
    world.sign_in(NUMBER).await;
    world.clock.advance(MINUTE);
    let (known, unknown) = ((1, NUMBER), (2, "13900139000"));
    for call in [
        (|(n, number)| send_call(n, number)) as fn((u8, &'static str)) -> Call,
        |(n, _)| login_call(n, "000000"),
        |(n, number)| send_call(n, number),
        |(n, _)| login_call(n, "12"),
    ] {
        assert_eq!(world.call(call(known)).await.whole(), world.call(call(unknown)).await.whole());
    }
}

// H5: also when messages cost a puzzle, whose random part alone differs; and a number that has just signed in, or has a message
// on its way, looks like any other.
#[tokio::test]
async fn known_and_unknown_numbers_look_the_same_when_they_are_busy() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.clock.advance(Duration::from_hours(24));
    let unknown = "13900139000";
    let whole = |answer: acceptance::Answer| {
        let mut whole = answer.whole();
        if let Some(token) = answer.json()["puzzle"]["token"].as_str() {
            whole = whole.replace(token, "<drawn>");
        }
        whole
    };
    for n in 1..7 {
        for stranger in [n, n + 100] {
            let known = whole(world.call(send_call(stranger, NUMBER)).await);
            let other = whole(world.call(send_call(stranger + 50, unknown)).await);
            assert_eq!(known, other, "{n}");
        }
        world.clock.advance(MINUTE);
    }
    // A secret that is not good is no secret at all.
    for known in [json!(person.known), json!("3000876.aaaa.bbbb"), json!(""), json!("x".repeat(10_000))] {
        let asked = |number| send_with(&challenge(200), number, &json!({"known": known}));
        let other = whole(world.call(asked("13900139001")).await);
        let fresh = whole(world.call(send_call(201, "13900139002")).await);
        assert_eq!(other, fresh, "{known}");
    }
}

#[tokio::test]
async fn a_barred_account_neither_signs_in_nor_stays_in() {
    for status in [AccountStatus::Locked, AccountStatus::Deleted] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        world.set_status(&person, status);
        world.clock.advance(MINUTE);
        let code = send(&world, 1, NUMBER).await;
        world.call(login_call(1, &code)).await.problem(403, "account_barred");
        world.call(refresh_call(&person.refresh_token)).await.problem(403, "account_barred");
    }
}
