//! `/api/user/*` (CONTRACTS section 5).

use std::{sync::Arc, time::Duration};

use acceptance::{Answer, Call, World};
use insta::assert_snapshot;
use saoma_domain::{account::AccountStatus, identity::PhoneNumber, ports::SmsChallenges};
use serde_json::json;
use tokio::{sync::Barrier, task::JoinSet};

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

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.text("code").as_str()), (status, code), "{}", answer.whole());
}

/// Sends a code; it comes back as the phone got it.
async fn send(world: &World, number: &str) -> String {
    let sent = world.call(send_call(number)).await;
    assert_eq!(sent.status, 200, "{}", sent.whole());
    world.outbox.last_code().unwrap()
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
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
async fn a_number_is_one_account_however_it_is_written() {
    let world = World::default();
    let mut members = Vec::new();
    for (spelling, is_new) in [(NUMBER, true), ("+8613800138000", false), ("138 0013-8000", false)] {
        let code = send(&world, spelling).await;
        assert_eq!(world.outbox.messages().last().unwrap().0, "+8613800138000");
        let signed_in = world.call(login_call(NUMBER, &code)).await.json();
        assert_eq!(signed_in["user"]["isNew"], is_new);
        // Masked, always.
        assert_eq!(signed_in["user"]["nickName"], "138****8000");
        members.push(signed_in["user"]["memberId"].as_str().unwrap().to_owned());
        world.clock.advance(MINUTE);
    }
    assert!(members.iter().all(|member| member == &members[0]));
    assert!(members[0].len() == 10 && members[0].bytes().all(|b| b.is_ascii_digit()), "{members:?}");
    let abroad = world.sign_in("+14155552671").await;
    assert_ne!(abroad.account.to_string(), members[0]);
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
        "１３８００１３８０００",
        "+1415555267x",
        &"1".repeat(10_000),
    ] {
        refused(&world.call(send_call(number)).await, 400, "invalid_phone");
        refused(&world.call(login_call(number, "123456")).await, 400, "invalid_phone");
    }
    for body in [json!({}), json!({"phone": 13_800_138_000_u64}), json!({"phone": null}), json!([])] {
        refused(&world.call(Call::post("/api/user/sendCode").json(&body)).await, 400, "malformed_body");
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

// H3
#[tokio::test]
async fn a_second_message_waits_a_minute() {
    let world = World::default();
    send(&world, NUMBER).await;
    world.clock.advance(Duration::from_secs(59));
    let hasty = world.call(send_call(NUMBER)).await;
    refused(&hasty, 429, "too_many_requests");
    assert_eq!(hasty.header("retry-after"), "1");
    assert_eq!(world.outbox.messages().len(), 1);
    world.clock.advance(Duration::from_secs(1));
    send(&world, NUMBER).await;
}

// H3
#[tokio::test]
async fn a_number_gets_so_many_messages_a_day() {
    let world = World::with(&[("SMS_PER_NUMBER_PER_DAY", "3")]);
    for n in 0..3 {
        world.call(send_call(NUMBER).from_ip(&format!("198.51.100.{n}"))).await;
        world.clock.advance(MINUTE);
    }
    let refusal = world.call(send_call("+86 138-0013-8000")).await;
    refused(&refusal, 429, "too_many_requests");
    assert_eq!(refusal.header("retry-after"), (86_400 - 180).to_string());
    assert_eq!(world.outbox.messages().len(), 3);
    world.clock.advance(Duration::from_hours(24));
    send(&world, NUMBER).await;
}

// H3 D6
#[tokio::test]
async fn an_address_asks_for_so_many_messages_a_day() {
    let world = World::with(&[("SMS_PER_IP_PER_DAY", "3")]);
    let ask = |n: u32, ip: &str| send_call(&format!("138001380{n:02}")).from_ip(ip);
    for n in 0..3 {
        assert_eq!(world.call(ask(n, "198.51.100.1")).await.status, 200);
        assert_eq!(world.call(ask(n + 20, &format!("2001:db8::{n}"))).await.status, 200);
    }
    let forged = ask(10, "198.51.100.1").header("x-forwarded-for", "198.51.100.2");
    refused(&world.call(forged).await, 429, "too_many_requests");
    // An IPv6 subscriber has 2^64 addresses and is one.
    refused(&world.call(ask(11, "2001:db8::ffff")).await, 429, "too_many_requests");
    assert_eq!(world.outbox.messages().len(), 6);
    assert_eq!(world.call(ask(12, "198.51.100.2")).await.status, 200);
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(world.call(ask(13, "198.51.100.1")).await.status, 200);
}

// D1
#[tokio::test]
async fn five_wrong_tries_close_a_number_even_across_resends() {
    let world = World::default();
    let mut code = send(&world, NUMBER).await;
    for n in 0..5 {
        if n == 3 {
            world.clock.advance(MINUTE);
            code = send(&world, NUMBER).await;
        }
        refused(&world.call(login_call(NUMBER, &other_than(&code))).await, 401, "invalid_code");
    }
    refused(&world.call(login_call(NUMBER, &code)).await, 401, "invalid_code");
    world.clock.advance(MINUTE);
    let fresh = send(&world, NUMBER).await;
    refused(&world.call(login_call(NUMBER, &fresh)).await, 401, "invalid_code");
    // Another number is not closed, and this one opens again.
    world.sign_in("13900139000").await;
    world.clock.advance(Duration::from_mins(15));
    world.sign_in(NUMBER).await;
}

// D1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_count_one_by_one() {
    let world = Arc::new(World::default());
    let code = send(&world, NUMBER).await;
    let guesses = (0..100).map(|_| login_call(NUMBER, &other_than(&code))).collect();
    for answer in at_once(&world, guesses).await {
        refused(&answer, 401, "invalid_code");
    }
    let number = PhoneNumber::parse(NUMBER).unwrap();
    assert_eq!(world.memory.challenge(&number).await.unwrap().unwrap().tries, 5);
    refused(&world.call(login_call(NUMBER, &code)).await, 401, "invalid_code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_works_once() {
    let world = Arc::new(World::default());
    let code = send(&world, NUMBER).await;
    let answers = at_once(&world, vec![login_call(NUMBER, &code); 20]).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    refused(&world.call(login_call(NUMBER, &code)).await, 401, "invalid_code");
}

#[tokio::test]
async fn a_code_is_good_for_its_time_its_number_and_until_the_next() {
    let world = World::default();
    let code = send(&world, NUMBER).await;
    refused(&world.call(login_call("13900139000", &code)).await, 401, "invalid_code");
    world.clock.advance(Duration::from_mins(5));
    refused(&world.call(login_call(NUMBER, &code)).await, 401, "invalid_code");
    let first = send(&world, NUMBER).await;
    world.clock.advance(MINUTE);
    let second = send(&world, NUMBER).await;
    refused(&world.call(login_call(NUMBER, &first)).await, 401, "invalid_code");
    assert_eq!(world.call(login_call(NUMBER, &second)).await.status, 200);
}

#[tokio::test]
async fn what_is_no_code_is_wrong() {
    let world = World::default();
    let code = send(&world, NUMBER).await;
    for no_code in ["", "12345", "1234567", "12345a", "-12345", "１２３４５６", "1e5   "] {
        refused(&world.call(login_call(NUMBER, no_code)).await, 401, "invalid_code");
    }
    for body in [json!({"phone": NUMBER}), json!({"phone": NUMBER, "code": 123_456})] {
        refused(&world.call(Call::post("/api/user/login/code").json(&body)).await, 400, "malformed_body");
    }
    // A code pasted with a space is right.
    assert_eq!(world.call(login_call(NUMBER, &format!(" {code} "))).await.status, 200);
}

#[tokio::test]
async fn a_barred_account_neither_signs_in_nor_stays_in() {
    for status in [AccountStatus::Locked, AccountStatus::Deleted] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        world.set_status(&person, status);
        world.clock.advance(MINUTE);
        let code = send(&world, NUMBER).await;
        refused(&world.call(login_call(NUMBER, &code)).await, 403, "account_barred");
        refused(&world.call(refresh_call(&person.refresh_token)).await, 403, "account_barred");
    }
}

// E15
#[tokio::test]
async fn a_used_refresh_token_ends_the_sign_in() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let bystander = world.sign_in("13900139000").await;
    let renewed = world.call(refresh_call(&person.refresh_token)).await;
    refused(&world.call(refresh_call(&person.refresh_token)).await, 401, "unauthorized");
    // The newest token of the family, and the access tokens, are dead too.
    refused(&world.call(refresh_call(&renewed.text("refreshToken"))).await, 401, "unauthorized");
    for token in [&person.token, &renewed.text("token")] {
        refused(&world.call(Call::post("/api/user/logout").bearer(token)).await, 401, "unauthorized");
    }
    assert_eq!(world.call(refresh_call(&bystander.refresh_token)).await.status, 200);
}

// E15
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_refreshes_at_once_one_wins_at_most_and_the_family_is_over() {
    for _ in 0..20 {
        let world = Arc::new(World::default());
        let person = world.sign_in(NUMBER).await;
        let answers = at_once(&world, vec![refresh_call(&person.refresh_token); 10]).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(won.len() <= 1, "{}", won.len());
        for answer in won {
            refused(&world.call(refresh_call(&answer.text("refreshToken"))).await, 401, "unauthorized");
        }
    }
}

// E15: only a token that we made can end a sign-in.
#[tokio::test]
async fn a_forged_refresh_token_ends_nothing() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let [phone, _, proof] = person.refresh_token.split('.').collect::<Vec<_>>()[..] else { panic!("shape") };
    let flipped = if proof.starts_with('A') { "B" } else { "A" };
    for forged in [
        "x",
        &format!("{phone}.1."),
        &format!("{phone}.1.{flipped}{}", &proof[1..]),
        &format!("{phone}.0.{proof}"),
        &format!("{phone}.2.{proof}"),
        &format!("{phone}.01.{proof}"),
        &format!("{phone}.1.{proof}."),
        &person.token,
        &"x".repeat(10_000),
    ] {
        refused(&world.call(refresh_call(forged)).await, 401, "unauthorized");
    }
    refused(&world.call(Call::post("/api/user/refresh").json(&json!({}))).await, 400, "malformed_body");
    assert_eq!(world.call(refresh_call(&person.refresh_token)).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_time() {
    let world = World::with(&[("REFRESH_TOKEN_SECONDS", "3600")]);
    let person = world.sign_in(NUMBER).await;
    world.clock.advance(Duration::from_mins(59));
    let renewed = world.call(refresh_call(&person.refresh_token)).await;
    world.clock.advance(Duration::from_mins(59));
    let renewed = world.call(refresh_call(&renewed.text("refreshToken"))).await;
    assert_eq!(renewed.status, 200);
    world.clock.advance(Duration::from_hours(1));
    refused(&world.call(refresh_call(&renewed.text("refreshToken"))).await, 401, "unauthorized");
}

// I7
#[tokio::test]
async fn after_signing_out_the_tokens_are_dead_everywhere() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let id = world.call(Call::post("/api/qrCode/createLoginQrCode")).await.text("id");
    assert_eq!(world.call(Call::post("/api/user/logout").header("token", &person.token)).await.status, 204);
    for path in [
        &format!("/api/qrCode/scanLoginQrCode/{id}"),
        &format!("/api/qrCode/bindLoginQrCode/{id}"),
        &format!("/api/qrCode/cancelLoginQrCode/{id}"),
        &format!("/q/{id}/scan"),
        &format!("/q/{id}/confirm"),
        &format!("/q/{id}/cancel"),
        "/api/user/logout",
    ] {
        refused(&world.call(Call::post(path).bearer(&person.token)).await, 401, "unauthorized");
    }
    for path in ["/qr/lock", "/qr/activate", "/qr/cancel"] {
        let answer = world.call(Call::post(path).bearer(&person.token).json(&json!({"code": id}))).await;
        assert_eq!((answer.status.as_u16(), answer.json()["errorCode"].as_i64()), (401, Some(-1)));
    }
    refused(&world.call(refresh_call(&person.refresh_token)).await, 401, "unauthorized");
    assert_eq!(world.session(&id).state.name(), "pending");
}

// I7: one phone leaves, the other stays.
#[tokio::test]
async fn signing_out_is_for_one_phone() {
    let world = World::default();
    let one = world.sign_in(NUMBER).await;
    world.clock.advance(MINUTE);
    let other = world.sign_in(NUMBER).await;
    world.call(Call::post("/api/user/logout").bearer(&one.token)).await;
    assert_eq!(world.call(refresh_call(&other.refresh_token)).await.status, 200);
}
