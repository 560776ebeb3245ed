//! What is counted for operators, and that the dashboard's metrics are.

use std::time::Duration;

use acceptance::{Call, World};
use saoma_app::metrics::Metric;
use serde_json::json;

use crate::{
    operations::{confirmed_kiosk, kiosk_poll},
    remembered::{DEVICE, Region, log_in},
    web::{Pc, app, done, exchange, register_shop},
};

const ONE: (f64, Option<String>) = (1.0, None);

fn because(reason: &str) -> (f64, Option<String>) {
    (1.0, Some(reason.to_owned()))
}

#[tokio::test]
async fn a_login_is_counted_step_by_step_and_once() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let site = register_shop(&world);
    let pc = Pc::open_shop(&world).await;
    world.clock.advance(Duration::from_secs(8));
    for step in ["lock", "lock", "activate", "activate"] {
        done(&app(&world, step, &person, &pc.code).await);
    }
    let ticket = pc.ticket(&world).await;
    for _ in ["first", "again"] {
        assert_eq!(exchange(&world, &site, &ticket).await.status, 200);
    }
    for metric in [
        Metric::SessionsOpened,
        Metric::SessionsScanned,
        Metric::SessionsConfirmed,
        Metric::SessionsRedeemed,
        Metric::SmsSent,
    ] {
        assert_eq!(world.counts.of(metric), [ONE], "{}", metric.name());
    }
    assert_eq!(world.counts.of(Metric::SecondsToConfirm), [(8.0, None)]);
    assert_eq!(world.counts.of(Metric::SessionsCancelled), []);
}

#[tokio::test]
async fn other_contracts_count_their_logins() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let region = Region::registered(&world, "region-1");
    let kiosk = confirmed_kiosk(&world, &person).await;
    world.call(kiosk_poll(&kiosk, &kiosk.text("pollToken"))).await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    for metric in [Metric::SessionsOpened, Metric::SessionsScanned, Metric::SessionsConfirmed] {
        assert_eq!(world.counts.of(metric).len(), 2, "{}", metric.name());
    }
    assert!(!world.counts.of(Metric::SessionsRedeemed).is_empty());
}

#[tokio::test]
async fn an_end_without_a_token_is_counted_by_its_reason() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let declined = Pc::open(&world).await;
    for step in ["lock", "cancel", "cancel"] {
        done(&app(&world, step, &person, &declined.code).await);
    }
    assert_eq!(world.counts.of(Metric::SessionsCancelled), [because("declined")]);
}

#[tokio::test]
async fn wrong_codes_and_refused_messages_are_counted() {
    let world = World::default();
    let challenge = "A".repeat(22);
    let send =
        |phone: &str| Call::post("/api/user/sendCode").json(&json!({"phone": phone, "challenge": challenge}));
    assert_eq!(world.call(send("13800138000")).await.status, 200);
    world.call(send("13800138009")).await.problem(409, "challenge_over");
    assert_eq!(world.counts.of(Metric::SmsRefused), [because("challenge_over")]);
    let right = world.outbox.last_code().unwrap();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let login = Call::post("/api/user/login/code").json(&json!({"challenge": challenge, "code": wrong}));
    world.call(login).await.problem(401, "invalid_code");
    assert_eq!(
        (world.counts.of(Metric::WrongCodes), world.counts.of(Metric::SmsSent)),
        (vec![ONE], vec![ONE])
    );
}
