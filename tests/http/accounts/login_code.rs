//! `POST /api/user/login/code`: the code for a sign-in.

use std::{collections::HashSet, sync::Arc, time::Duration};

use acceptance::{Call, World};
use saoma_domain::{ports::Challenges, sms_challenge::ChallengeId};
use serde_json::json;

use super::{MINUTE, NUMBER, challenge, login_call, send, send_call, wrong};
use crate::crowd::at_once;

#[tokio::test]
async fn a_number_is_one_account_however_it_is_written() {
    let world = World::default();
    let mut members = Vec::new();
    for (n, spelling, is_new) in
        [(1, NUMBER, true), (2, "+8613800138000", false), (3, "138 0013-8000", false)]
    {
        let code = send(&world, n, spelling).await;
        assert_eq!(world.outbox.messages().last().unwrap().0, "+8613800138000");
        let signed_in = world.call(login_call(n, &code)).await.json();
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
async fn a_challenge_has_five_tries_across_its_messages() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    for n in 0..5 {
        if n == 3 {
            world.clock.advance(MINUTE);
            assert_eq!(send(&world, 1, NUMBER).await, code, "a good code is sent again");
        }
        world.call(login_call(1, &wrong(&code, n + 1))).await.problem(401, "invalid_code");
    }
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
    world.clock.advance(MINUTE);
    let sent = world.outbox.messages().len();
    world.call(send_call(1, NUMBER)).await.problem(409, "challenge_over");
    assert_eq!(world.outbox.messages().len(), sent);
    // A new challenge begins anew.
    let code = send(&world, 2, NUMBER).await;
    assert_eq!(world.call(login_call(2, &code)).await.status, 200);
}

// F8
#[tokio::test]
async fn number_and_code_are_read_as_keyboards_and_clipboards_give_them() {
    let world = World::default();
    let mut accounts = HashSet::new();
    for (n, number, wrap) in [
        (1, "13800138000", ("", "")),
        (2, "+86 138-0013-8000", (" ", "\r\n")),
        (3, "\u{202A}+86 138 0013 8000\u{202C}", ("\u{2068}", "\u{2069}")),
        (4, "１３８００１３８０００", ("\u{FEFF}", "\u{200E}")),
    ] {
        let code = send(&world, n, number).await;
        let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let typed = format!("{}{wide}{}", wrap.0, wrap.1);
        let signed_in = world.call(login_call(n, &typed)).await;
        assert_eq!(signed_in.status, 200, "{number}: {}", signed_in.whole());
        accounts.insert(signed_in.json()["user"]["memberId"].to_string());
        world.clock.advance(MINUTE);
    }
    assert_eq!(accounts.len(), 1, "one person");
}

// F17 K5: strangers' wrong tries count against the strangers, and never close the code to the caller who asked for it.
#[tokio::test]
async fn wrong_codes_of_strangers_do_not_close_my_number() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    for stranger in 2..10 {
        let call = send_call(stranger, NUMBER).from_ip(&format!("198.51.{stranger}.1"));
        world.call(call).await;
        for n in 1..11 {
            let guess = login_call(stranger, &wrong(&code, n)).from_ip(&format!("198.51.{stranger}.1"));
            world.call(guess).await.problem(401, "invalid_code");
        }
    }
    assert_eq!(world.outbox.messages().len(), 1, "the strangers shared my message");
    world.call(login_call(9, &code)).await.problem(401, "invalid_code");
    assert_eq!(world.call(login_call(1, &code)).await.status, 200);
}

// D1: five of the caller who asked, and fifteen of all others.
#[tokio::test]
async fn twenty_wrong_tries_use_a_code_up() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    for caller in 1..5 {
        world.call(send_call(caller, NUMBER)).await;
        for n in 1..6 {
            let guess = login_call(caller, &wrong(&code, n));
            world.call(guess).await.problem(401, "invalid_code");
        }
    }
    for caller in 1..6 {
        world.call(send_call(caller, NUMBER)).await;
        world.call(login_call(caller, &code)).await.problem(401, "invalid_code");
    }
}

// D1 K12
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_count_one_by_one() {
    let world = Arc::new(World::default());
    let code = send(&world, 1, NUMBER).await;
    let guesses = (1..21).map(|n| login_call(1, &wrong(&code, n))).collect();
    for answer in at_once(&world, guesses).await {
        answer.problem(401, "invalid_code");
    }
    let id = ChallengeId::parse(&challenge(1)).unwrap();
    let records = world.memory.records(&id).await.unwrap().unwrap();
    assert_eq!((records.challenge.tries, records.open.code.unwrap().tries), (5, 0));
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
}

// K11
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_is_one_sign_in_however_often_it_is_tried_in_its_half_minute() {
    let world = Arc::new(World::default());
    let code = send(&world, 1, NUMBER).await;
    let answers = at_once(&world, vec![login_call(1, &code); 20]).await;
    let tokens: Vec<_> = answers.iter().map(|answer| answer.text("refreshToken")).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "one sign-in");
    assert!(answers.iter().all(|answer| answer.json()["user"]["isNew"] == true), "the same answer");
    world.clock.advance(Duration::from_secs(31));
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
    world.call(login_call(2, &code)).await.problem(401, "invalid_code");
}

// I7
#[tokio::test]
async fn a_sign_in_that_was_ended_is_not_begun_again() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    let token = world.call(login_call(1, &code)).await.text("token");
    world.call(Call::post("/api/user/logout").bearer(&token)).await;
    world.call(login_call(1, &code)).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_code_is_good_for_its_time_and_its_callers() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    send(&world, 2, "13900139000").await;
    world.call(login_call(2, &code)).await.problem(401, "invalid_code");
    world.clock.advance(Duration::from_mins(6));
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
    let next = send(&world, 1, NUMBER).await;
    assert_ne!(next, code);
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
    assert_eq!(world.call(login_call(1, &next)).await.status, 200);
}

#[tokio::test]
async fn what_is_no_code_is_wrong() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    for no_code in ["", "12345", "1234567", "12345a", "-12345", "١٢٣٤٥٦", "1e5   "] {
        world.call(login_call(1, no_code)).await.problem(401, "invalid_code");
    }
    for body in [json!({"challenge": challenge(1)}), json!({"challenge": challenge(1), "code": 123_456})] {
        world.call(Call::post("/api/user/login/code").json(&body)).await.problem(400, "malformed_body");
    }
    // A code pasted with a space is right.
    assert_eq!(world.call(login_call(1, &format!(" {code} "))).await.status, 200);
}
