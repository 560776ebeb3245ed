//! `POST /api/user/sendCode`: a code by SMS, and how often.

use std::time::Duration;

use acceptance::World;

use super::{MINUTE, NUMBER, send, send_call};

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
