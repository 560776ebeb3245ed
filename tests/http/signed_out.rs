//! A phone that signs out after it agreed: its screens get nothing any more, and their sessions are over (K2).

use acceptance::{Call, Person, World};
use saoma_domain::session::{CancelReason, State};
use serde_json::{Value, json};

use crate::{
    operations::{confirmed_kiosk, confirmed_web, kiosk_poll, shop},
    remembered::{DEVICE, Region, code, log_in},
    web::{Pc, basic, let_in},
};

const NUMBER: &str = "13800138000";

async fn sign_out(world: &World, person: &Person) {
    let answer = world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
    assert_eq!(answer.status, 204, "{}", answer.whole());
}

#[track_caller]
fn is_over(world: &World, code: &str) {
    let state = world.session(code).state;
    assert!(matches!(state, State::Cancelled { reason: CancelReason::SignInEnded, .. }), "{state:?}");
}

// K2
#[tokio::test]
async fn a_machine_gets_no_token_of_a_phone_that_signed_out() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(&world, &person).await;
    sign_out(&world, &person).await;
    let poll = || world.call(kiosk_poll(&created, &created.text("pollToken")));
    assert_eq!(poll().await.json()["memberToken"], Value::Null);
    is_over(&world, &created.text("id"));
    // The person signs in again: what was agreed before does not come back.
    super::web::pass(&world, 61);
    world.sign_in(NUMBER).await;
    let answer = poll().await.json();
    assert_eq!((&answer["codeStatus"], &answer["memberToken"]), (&json!("FAILED"), &Value::Null));
}

// K2
#[tokio::test]
async fn an_answer_that_was_lost_is_not_given_again_after_signing_out() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(&world, &person).await;
    let poll = || world.call(kiosk_poll(&created, &created.text("pollToken")));
    assert!(poll().await.json()["memberToken"].is_string());
    sign_out(&world, &person).await;
    assert_eq!(poll().await.json()["memberToken"], Value::Null);
}

// K2
#[tokio::test]
async fn a_ticket_is_worth_nothing_once_its_phone_signed_out() {
    let world = World::default();
    let secret = world.register_client("SHOP", shop);
    let person = world.sign_in(NUMBER).await;
    let opened = Pc::read(&confirmed_web(&world, &person, "SHOP").await);
    let ours = Pc::open(&world).await;
    let_in(&world, &person, &ours).await;
    let region = Region::registered(&world, "clientId-01");
    let trace = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let qr = code(&world, &region, &trace).await;
    let (theirs, own) = (opened.ticket(&world).await, ours.ticket(&world).await);
    let told = region.results(&world, &trace).await[1]["ticket"].clone();
    sign_out(&world, &person).await;
    let exchange = Call::post("/qr/ticket").header("authorization", &basic("SHOP", secret.reveal()));
    world.call(exchange.json(&json!({"ticket": theirs}))).await.problem(400, "invalid_ticket");
    let welcome = Call::post("/welcome").cookie(&ours.cookie).json(&json!({"ticket": own}));
    world.call(welcome).await.problem(400, "invalid_ticket");
    region.exchange(&world, &told).await.problem(400, "invalid_ticket");
    for code in [&opened.code, &ours.code, &qr] {
        is_over(&world, code);
    }
}

// K2
#[tokio::test]
async fn a_shop_gets_no_member_of_a_phone_that_signed_out() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let create = Call::get("/qrlogin/createcode").header("accept", "application/json");
    let shown = world.call(create).await;
    let path = format!("/qrlogin/qrcodelogin/{}", shown.text("code"));
    let agreed = world.call(Call::post(&path).header("token", &person.token)).await;
    assert_eq!(agreed.status, 200, "{}", agreed.whole());
    sign_out(&world, &person).await;
    let poll = world.call(Call::get(&path).cookie(&shown.cookie())).await;
    assert_eq!(poll.json(), json!({"status": -1}));
    is_over(&world, &shown.text("code"));
}
