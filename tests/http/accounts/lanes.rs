//! The open lane of a number, and the lane of a known device (`docs/accounts.md`).

use acceptance::{Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::account::AccountStatus;
use serde_json::json;

use super::{MINUTE, NUMBER, challenge, login_call, send_call, send_patiently, send_with, wrong};

/// The nth challenge of a crowd.
fn crowd(n: u32) -> String {
    let mut bytes = [9; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn try_code(challenge: &str, code: &str) -> Call {
    Call::post("/api/user/login/code").json(&json!({"challenge": challenge, "code": code}))
}

/// A stranger spends 200 sends and 200 wrong codes on a number, from 20 networks. Returns how many messages came.
async fn besiege(world: &World) -> usize {
    let before = world.outbox.messages().len();
    for n in 0..200 {
        let ip = format!("198.51.{}.{}", n % 20, n % 250);
        world.call(send_with(&crowd(n), NUMBER, &json!({})).from_ip(&ip)).await;
        let code = world.outbox.last_code().unwrap();
        world.call(try_code(&crowd(n), &wrong(&code, n + 1)).from_ip(&ip)).await;
        if n % 10 == 9 {
            world.clock.advance(MINUTE);
        }
    }
    world.outbox.messages().len() - before
}

// K5 F17: a known phone signs in at the first try, whatever strangers spend.
#[tokio::test]
async fn a_known_phone_signs_in_at_the_first_try_after_a_stranger_spent_200_sends_and_200_codes() {
    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    let sent = besiege(&world).await;
    assert!(sent <= 4, "{sent} messages without a puzzle");
    let asked = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(asked).await.status, 200);
    let code = world.outbox.last_code().unwrap();
    assert_eq!(world.call(login_call(1, &code)).await.status, 200);
}

// K5 F17: a new phone of the owner solves puzzles, each of twice the work, and waits a minute at most.
#[tokio::test]
async fn a_new_phone_signs_in_after_it_solved_a_puzzle() {
    let world = World::default();
    world.sign_in(NUMBER).await;
    besiege(&world).await;
    // The stranger asked a moment before: the owner's first call may find a used-up code on its way.
    let first = world.call(send_call(1, NUMBER)).await;
    if first.json()["code"] == "too_many_requests" {
        assert!(first.header("retry-after").parse::<u64>().unwrap() <= 60);
        world.clock.advance(MINUTE);
    }
    let (answer, solved) = send_patiently(&world, |more| send_with(&challenge(1), NUMBER, more)).await;
    assert_eq!((answer.status.as_u16(), solved), (200, vec![13]), "one puzzle, of the first price");
    let code = world.outbox.last_code().unwrap();
    // Strangers share the message, and cannot use up the tries of the phone that asked.
    for n in 0..40 {
        let ip = format!("203.0.{n}.1");
        world.call(send_with(&crowd(1000 + n), NUMBER, &json!({})).from_ip(&ip)).await;
        world.call(try_code(&crowd(1000 + n), &wrong(&code, n + 1)).from_ip(&ip)).await;
    }
    assert_eq!(world.call(login_call(1, &code)).await.status, 200);
}

// K5: what a stranger who spends the work can do: six puzzles later, the number waits until the next day.
#[tokio::test]
async fn a_stranger_who_solves_every_puzzle_closes_the_open_lane_until_the_next_day() {
    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    let mut solved = Vec::new();
    for n in 0..9 {
        let (answer, bits) = send_patiently(&world, |more| send_with(&crowd(n), NUMBER, more)).await;
        assert_eq!(answer.status, 200, "message {n}");
        solved.extend(bits);
        world.clock.advance(MINUTE);
    }
    assert_eq!(solved, [13, 14, 15, 16, 17, 18]);
    let closed = world.call(send_call(1, NUMBER)).await;
    closed.problem(429, "too_many_requests");
    assert!(closed.header("retry-after").parse::<u64>().unwrap() <= 86_400);
    let asked = send_with(&challenge(1), NUMBER, &json!({"known": owner.known}));
    assert_eq!(world.call(asked).await.status, 200, "the known device is served");
    world.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(world.call(send_call(2, NUMBER)).await.status, 200);
}

// K5
#[tokio::test]
async fn a_puzzle_is_good_once_and_for_its_number() {
    let world = World::default();
    for n in 0..4 {
        for (number, n) in [(NUMBER, n), ("13900139000", n + 100)] {
            assert_eq!(world.call(send_with(&crowd(n), number, &json!({}))).await.status, 200);
        }
        world.clock.advance(MINUTE);
    }
    let asked = world.call(send_call(1, NUMBER)).await;
    asked.problem(429, "puzzle_required");
    let puzzle = asked.json()["puzzle"].clone();
    assert_eq!(
        (puzzle["parts"].as_u64(), puzzle["bits"].as_u64(), puzzle["expiresIn"].as_u64()),
        (Some(16), Some(13), Some(600))
    );
    let solution = saoma_domain::sms_puzzle::solve(puzzle["token"].as_str().unwrap(), 13);
    let solution = json!({"puzzle": solution});
    let other = world.call(send_with(&challenge(2), "13900139000", &solution)).await;
    other.problem(429, "puzzle_required");
    assert_eq!(world.call(send_with(&challenge(1), NUMBER, &solution)).await.status, 200);
    assert_eq!(
        world.call(send_with(&challenge(1), NUMBER, &solution)).await.status,
        200,
        "its answer was lost"
    );
    world.clock.advance(MINUTE);
    world.call(send_with(&challenge(3), NUMBER, &solution)).await.problem(429, "puzzle_required");
    assert_eq!(world.outbox.messages().len(), 9);
}

// K5: two messages a day for each device; then it is a caller like others.
#[tokio::test]
async fn a_known_device_gets_two_messages_of_its_own_a_day() {
    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    besiege(&world).await;
    for n in 1..3 {
        let asked = send_with(&challenge(n), NUMBER, &json!({"known": owner.known}));
        assert_eq!(world.call(asked).await.status, 200);
        world.clock.advance(MINUTE);
    }
    let asked = send_with(&challenge(3), NUMBER, &json!({"known": owner.known}));
    world.call(asked).await.problem(429, "puzzle_required");
}

// K5: ten messages a day for all devices of a person; then each is a caller like others.
#[tokio::test]
async fn a_known_device_whose_owner_has_had_ten_messages_shares_the_open_lane() {
    let world = World::default();
    let mut devices = Vec::new();
    for _ in 0..6 {
        devices.push(world.sign_in(NUMBER).await);
        world.clock.advance(std::time::Duration::from_hours(24));
    }
    let ask = async |n: u8, device: usize| {
        world.clock.advance(MINUTE);
        world.call(send_with(&challenge(n), NUMBER, &json!({"known": devices[device].known}))).await
    };
    for n in 0..10 {
        assert_eq!(ask(n + 1, usize::from(n / 2)).await.status, 200, "message {n}");
    }
    assert_eq!(world.memory.counted_under("owner"), 10);
    // The eleventh comes in the open lane, which is free until strangers have used it up.
    assert_eq!(ask(11, 5).await.status, 200);
    let code = world.outbox.last_code().unwrap();
    assert_eq!(world.call(login_call(11, &code)).await.status, 200);
    besiege(&world).await;
    world.clock.advance(MINUTE);
    ask(12, 5).await.problem(429, "puzzle_required");
    assert_eq!(world.memory.counted_under("owner"), 10);
}

// K5 I7: a device is known for its number, while its account and its sign-in stand.
#[tokio::test]
async fn a_known_device_ends_with_its_number_its_account_and_its_sign_in() {
    let is_known = async |world: &World, number: &str, known: &str| {
        besiege(world).await;
        let asked = world.call(send_with(&challenge(1), number, &json!({"known": known}))).await;
        asked.status == 200
    };
    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    let other = world.sign_in("13900139000").await;
    assert!(!is_known(&world, NUMBER, &other.known).await, "another number");
    let bent = format!("{}x", &owner.known[..owner.known.len() - 1]);
    assert!(!is_known(&world, NUMBER, &bent).await, "not the secret");
    assert!(is_known(&world, NUMBER, &owner.known).await);

    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    world.set_status(&owner, AccountStatus::Locked);
    assert!(!is_known(&world, NUMBER, &owner.known).await, "its account is locked");

    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    world.call(Call::post("/api/user/logout").bearer(&owner.token)).await;
    assert!(!is_known(&world, NUMBER, &owner.known).await, "it signed out");

    let world = World::default();
    let owner = world.sign_in(NUMBER).await;
    world.clock.advance(std::time::Duration::from_hours(24 * 179));
    assert!(is_known(&world, NUMBER, &owner.known).await, "its sign-in ran out, and was not ended");
    world.clock.advance(std::time::Duration::from_hours(24));
    assert!(!is_known(&world, NUMBER, &owner.known).await, "180 days");
}
