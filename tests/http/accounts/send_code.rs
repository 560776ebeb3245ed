//! `POST /api/user/sendCode`: a code by SMS, and how often.

use std::time::Duration;

use acceptance::World;
use saoma_memory::Fault;

use super::{MINUTE, NUMBER, login_call, send, send_call};

// F2 H3
#[tokio::test]
async fn a_repeated_call_gives_the_same_answer_and_sends_nothing_for_a_minute() {
    let world = World::default();
    let first = world.call(send_call(1, NUMBER)).await.whole();
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.call(send_call(1, NUMBER)).await.whole(), first);
    assert_eq!(world.outbox.messages().len(), 1);
    world.clock.advance(Duration::from_secs(1));
    send(&world, 1, NUMBER).await;
    assert_eq!(world.outbox.messages().len(), 2);
}

// F17
#[tokio::test]
async fn a_second_caller_shares_the_message_on_its_way() {
    let world = World::default();
    let code = send(&world, 1, NUMBER).await;
    world.clock.advance(Duration::from_secs(10));
    let joined = world.call(send_call(2, NUMBER)).await.json();
    // H5: the answer does not tell that another caller asked ten seconds ago.
    assert_eq!((joined["resendAfter"].as_u64(), joined["expiresIn"].as_u64()), (Some(60), Some(300)));
    assert_eq!(world.outbox.messages().len(), 1);
    assert_eq!(world.call(login_call(2, &code)).await.status, 200);
    world.call(login_call(1, &code)).await.problem(401, "invalid_code");
}

#[tokio::test]
async fn a_challenge_asks_for_three_messages_of_one_number() {
    let world = World::default();
    for _ in 0..3 {
        send(&world, 1, NUMBER).await;
        world.call(send_call(1, "13900139000")).await.problem(409, "challenge_over");
        world.clock.advance(MINUTE);
    }
    world.call(send_call(1, NUMBER)).await.problem(409, "challenge_over");
    send(&world, 2, NUMBER).await;
}

// H3
#[tokio::test]
async fn a_number_gets_so_many_messages_a_day() {
    let world = World::with(&[("SMS_PER_NUMBER_PER_DAY", "3")]);
    for n in 0..3 {
        assert_eq!(world.call(send_call(n, NUMBER)).await.status, 200);
        world.clock.advance(MINUTE);
    }
    let refusal = world.call(send_call(4, "+86 138-0013-8000")).await;
    refusal.problem(429, "too_many_requests");
    assert_eq!(refusal.header("retry-after"), (86_400 - 180).to_string());
    assert_eq!(world.outbox.messages().len(), 3);
    world.clock.advance(Duration::from_hours(24));
    send(&world, 5, NUMBER).await;
}

// F2 K12
#[tokio::test]
async fn a_message_is_sent_once_whatever_answer_is_lost() {
    for call in 0.. {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            let world = World::default();
            world.memory.inject(call, fault);
            let first = world.call(send_call(1, NUMBER)).await;
            if world.memory.disarm() {
                return;
            }
            if first.status != 200 {
                first.problem(503, "unavailable");
                assert_eq!(world.call(send_call(1, NUMBER)).await.status, 200);
            }
            assert_eq!(world.outbox.messages().len(), 1, "call {call}, {fault:?}");
            let code = world.outbox.last_code().unwrap();
            assert_eq!(world.call(login_call(1, &code)).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_message_that_could_not_be_handed_over_may_be_asked_for_at_once() {
    let world = World::default();
    world.outbox.fail_next();
    world.call(send_call(1, NUMBER)).await.problem(503, "unavailable");
    let code = send(&world, 1, NUMBER).await;
    assert_eq!(
        (world.outbox.messages().len(), world.call(login_call(1, &code)).await.status.as_u16()),
        (1, 200)
    );
}

// K12: a message that may be on its way is not sent a second time.
#[tokio::test]
async fn a_message_without_an_answer_stays_counted() {
    let world = World::default();
    world.outbox.lose_next_answer();
    world.call(send_call(1, NUMBER)).await.problem(503, "unavailable");
    let code = send(&world, 1, NUMBER).await;
    assert_eq!(world.outbox.messages().len(), 1);
    assert_eq!(world.call(login_call(1, &code)).await.status, 200);
}

// F9
#[tokio::test]
async fn a_message_goes_to_the_number_that_was_meant() {
    let world = World::default();
    for (n, typed, number) in [
        (1, "+44 (0)7911 123456", "+447911123456"),
        (2, "0044 7911 123457", "+447911123457"),
        (3, "+39 338 123 4567", "+393381234567"),
        (4, "+1 (415) 555-2671", "+14155552671"),
        (5, "8613800138000", "+8613800138000"),
    ] {
        send(&world, n, typed).await;
        assert_eq!(world.outbox.messages().last().unwrap().0, number, "{typed}");
    }
    let sent = world.outbox.messages().len();
    assert_eq!(world.call(send_call(6, "+44 7911 123456")).await.status, 200);
    assert_eq!(world.outbox.messages().len(), sent, "the same number shares its message");
}

// F9 K6
#[tokio::test]
async fn numbers_that_cost_more_get_no_message() {
    let world = World::default();
    for number in [
        "+1 900 555 1234",
        "+44 909 123 4567",
        "+881 6 1234 5678",
        "+870773111632",
        "+979123456789",
        "+882 39 3257001527",
    ] {
        world.call(send_call(1, number)).await.problem(400, "country_not_served");
    }
    world.call(send_call(1, "+999123456789")).await.problem(400, "invalid_phone");
    for number in ["+39 06 6982 1234", "+86 10 6552 9988"] {
        world.call(send_call(1, number)).await.problem(400, "not_a_mobile");
    }
    assert!(world.outbox.messages().is_empty());
}
