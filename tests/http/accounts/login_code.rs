//! `POST /api/user/login/code`: the code for a sign-in.

use std::{collections::HashSet, sync::Arc, time::Duration};

use acceptance::{Call, World};
use saoma_domain::{identity::PhoneNumber, ports::SmsChallenges};
use serde_json::json;

use super::{MINUTE, NUMBER, login_call, send};
use crate::crowd::at_once;

/// A code that is not this one.
fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
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
        world.call(login_call(NUMBER, &other_than(&code))).await.problem(401, "invalid_code");
    }
    let right = world.call(login_call(NUMBER, &code)).await;
    right.problem(429, "too_many_tries");
    assert_eq!(right.header("retry-after"), "840");
    world.clock.advance(MINUTE);
    // A code that would not be taken is not sent either.
    let sent = world.outbox.messages().len();
    let resent = world.call(Call::post("/api/user/sendCode").json(&json!({"phone": NUMBER}))).await;
    resent.problem(429, "too_many_tries");
    assert_eq!((resent.header("retry-after"), world.outbox.messages().len()), ("780", sent));
    // Another number is not closed, and this one opens again.
    world.sign_in("13900139000").await;
    world.clock.advance(Duration::from_mins(15));
    world.sign_in(NUMBER).await;
}

// F8
#[tokio::test]
async fn number_and_code_are_read_as_keyboards_and_clipboards_give_them() {
    let world = World::default();
    let mut accounts = HashSet::new();
    for (number, wrap) in [
        ("13800138000", ("", "")),
        ("+86 138-0013-8000", (" ", "\r\n")),
        ("\u{202A}+86 138 0013 8000\u{202C}", ("\u{2068}", "\u{2069}")),
        ("１３８００１３８０００", ("\u{FEFF}", "\u{200E}")),
    ] {
        let code = send(&world, number).await;
        let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let typed = format!("{}{wide}{}", wrap.0, wrap.1);
        let signed_in = world.call(login_call(number, &typed)).await;
        assert_eq!(signed_in.status, 200, "{number}: {}", signed_in.whole());
        accounts.insert(signed_in.json()["user"]["memberId"].to_string());
        world.clock.advance(MINUTE);
    }
    assert_eq!(accounts.len(), 1, "one person");
}

// D1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_count_one_by_one() {
    let world = Arc::new(World::default());
    let code = send(&world, NUMBER).await;
    let guesses = (0..100).map(|_| login_call(NUMBER, &other_than(&code))).collect();
    for answer in at_once(&world, guesses).await {
        match answer.status.as_u16() {
            401 => answer.problem(401, "invalid_code"),
            _ => answer.problem(429, "too_many_tries"),
        }
    }
    let number = PhoneNumber::mainland(NUMBER).unwrap();
    assert_eq!(world.memory.challenge(&number).await.unwrap().unwrap().tries, 5);
    world.call(login_call(NUMBER, &code)).await.problem(429, "too_many_tries");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_works_once() {
    let world = Arc::new(World::default());
    let code = send(&world, NUMBER).await;
    let answers = at_once(&world, vec![login_call(NUMBER, &code); 20]).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    world.call(login_call(NUMBER, &code)).await.problem(401, "invalid_code");
}

#[tokio::test]
async fn a_code_is_good_for_its_time_its_number_and_until_the_next() {
    let world = World::default();
    let code = send(&world, NUMBER).await;
    world.call(login_call("13900139000", &code)).await.problem(401, "invalid_code");
    world.clock.advance(Duration::from_mins(5));
    world.call(login_call(NUMBER, &code)).await.problem(401, "invalid_code");
    let first = send(&world, NUMBER).await;
    world.clock.advance(MINUTE);
    let second = send(&world, NUMBER).await;
    world.call(login_call(NUMBER, &first)).await.problem(401, "invalid_code");
    assert_eq!(world.call(login_call(NUMBER, &second)).await.status, 200);
}

#[tokio::test]
async fn what_is_no_code_is_wrong() {
    let world = World::default();
    let code = send(&world, NUMBER).await;
    for no_code in ["", "12345", "1234567", "12345a", "-12345", "١٢٣٤٥٦", "1e5   "] {
        world.call(login_call(NUMBER, no_code)).await.problem(401, "invalid_code");
    }
    for body in [json!({"phone": NUMBER}), json!({"phone": NUMBER, "code": 123_456})] {
        world.call(Call::post("/api/user/login/code").json(&body)).await.problem(400, "malformed_body");
    }
    // A code pasted with a space is right.
    assert_eq!(world.call(login_call(NUMBER, &format!(" {code} "))).await.status, 200);
}
