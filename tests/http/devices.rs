//! `/api/device/*`: phones that can be pushed to.

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use serde_json::{Value, json};

const TOKEN: &str = "fcm-token-0123456789";

fn named() -> Value {
    json!({"platform": "FCM", "token": TOKEN})
}

async fn register(world: &World, person: &Person, body: &Value) -> Answer {
    world.call(registering(person, body)).await
}

fn registering(person: &Person, body: &Value) -> Call {
    Call::post("/api/device/push").bearer(&person.token).json(body)
}

async fn unregister(world: &World, person: &Person, body: &Value) -> Answer {
    world.call(Call::new("DELETE", "/api/device/push").bearer(&person.token).json(body)).await
}

#[tokio::test]
async fn a_phone_registers_and_is_left_alone_again() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    assert_snapshot!("registered", register(&world, &person, &named()).await.whole());
    assert_eq!(register(&world, &person, &json!({"platform": "fcm", "token": TOKEN})).await.status, 200);
    assert_eq!(world.memory.endpoints().len(), 1, "again is the same");
    assert_eq!(unregister(&world, &person, &named()).await.status, 204);
    assert_eq!(unregister(&world, &person, &named()).await.status, 204);
    assert!(world.memory.endpoints().is_empty());
    assert_eq!(world.post.sent().forgotten, [format!("FCM/{TOKEN}")]);
}

// A11: the token alone says whose phone it is.
#[tokio::test]
async fn a_token_is_one_accounts_at_a_time() {
    let world = World::default();
    let (first, second) = (world.sign_in("13800138000").await, world.sign_in("13800138001").await);
    register(&world, &first, &named()).await;
    let mut body = named();
    body["account"] = json!(first.account.to_string());
    body["memberId"] = json!(first.account.to_string());
    world.call(registering(&second, &body).ignored(&["account", "memberId"])).await;
    let owner = |world: &World| world.memory.endpoints().values().next().unwrap().owner.account;
    assert_eq!((world.memory.endpoints().len(), owner(&world)), (1, second.account));
    assert_eq!(unregister(&world, &first, &named()).await.status, 204, "the same answer");
    assert_eq!(owner(&world), second.account, "and nothing changed");
    assert!(world.post.sent().forgotten.is_empty());
}

#[tokio::test]
async fn what_is_no_phone_is_refused() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    world.call(Call::post("/api/device/push").json(&named())).await.problem(401, "unauthorized");
    world.call(Call::new("DELETE", "/api/device/push").json(&named())).await.problem(401, "unauthorized");
    for (body, code) in [
        (json!({"platform": "WNS", "token": TOKEN}), "unknown_platform"),
        (json!({"platform": "FCM", "token": "short"}), "malformed_push_token"),
        (json!({"platform": "FCM", "token": "with space"}), "malformed_push_token"),
        (json!({"platform": "FCM", "token": "x".repeat(2049)}), "malformed_push_token"),
        (json!({"platform": "FCM"}), "malformed_body"),
        (json!({}), "malformed_body"),
    ] {
        register(&world, &person, &body).await.problem(400, code);
        unregister(&world, &person, &body).await.problem(400, code);
    }
    assert!(world.memory.endpoints().is_empty());
}

#[tokio::test]
async fn an_eleventh_phone_is_one_too_many() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let nth = |n: usize| json!({"platform": "APNs", "token": format!("apns-token-{n}")});
    for n in 0..10 {
        assert_eq!(register(&world, &person, &nth(n)).await.status, 200);
    }
    register(&world, &person, &nth(10)).await.problem(409, "too_many_phones");
    assert_eq!(register(&world, &person, &nth(3)).await.status, 200);
}

#[tokio::test]
async fn without_a_platform_push_is_off_and_says_so() {
    let world = World::default();
    world.post.change(|posted| posted.push_is_off = true);
    let person = world.sign_in("13800138000").await;
    assert_eq!(register(&world, &person, &named()).await.json(), json!({"push": false}));
    assert!(world.memory.endpoints().is_empty());
}
