//! `POST /api/user/sendCode`: a code by SMS, and how often.

use std::time::Duration;

use acceptance::World;

use super::{MINUTE, NUMBER, login_call, send, send_call};

// H3
#[tokio::test]
async fn a_second_message_waits_a_minute() {
    let world = World::default();
    send(&world, NUMBER).await;
    world.clock.advance(Duration::from_secs(59));
    let hasty = world.call(send_call(NUMBER)).await;
    hasty.problem(429, "too_many_requests");
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
    refusal.problem(429, "too_many_requests");
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
    world.call(forged).await.problem(429, "too_many_requests");
    // An IPv6 subscriber has 2^64 addresses and is one.
    world.call(ask(11, "2001:db8::ffff")).await.problem(429, "too_many_requests");
    assert_eq!(world.outbox.messages().len(), 6);
    assert_eq!(world.call(ask(12, "198.51.100.2")).await.status, 200);
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(world.call(ask(13, "198.51.100.1")).await.status, 200);
}

// F9
#[tokio::test]
async fn a_message_goes_to_the_number_that_was_meant() {
    let world = World::default();
    for (typed, number) in [
        ("+44 (0)7911 123456", "+447911123456"),
        ("0044 7911 123457", "+447911123457"),
        ("+39 338 123 4567", "+393381234567"),
        ("+39 06 6982 1234", "+390669821234"),
        ("8613800138000", "+8613800138000"),
    ] {
        send(&world, typed).await;
        assert_eq!(world.outbox.messages().last().unwrap().0, number, "{typed}");
    }
    world.call(send_call("+44 7911 123456")).await.problem(429, "too_many_requests");
}

// F9
#[tokio::test]
async fn numbers_that_cost_more_get_no_message() {
    let world = World::default();
    for number in
        ["+1 900 555 1234", "+44 909 123 4567", "+881 6 1234 5678", "+870773111632", "+979123456789"]
    {
        world.call(send_call(number)).await.problem(400, "country_not_served");
        world.call(login_call(number, "123456")).await.problem(400, "country_not_served");
    }
    assert!(world.outbox.messages().is_empty());
}
