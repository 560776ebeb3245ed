//! `/api/qrCode/*` (CONTRACTS section 1).

use acceptance::{Answer, Call, World};
use insta::assert_snapshot;
use serde_json::json;

const CREATE: &str = "/api/qrCode/createLoginQrCode";

fn machine() -> serde_json::Value {
    json!({"deviceName": "BM05", "deviceMac": "22:33"})
}

async fn create(world: &World) -> Answer {
    let created = world.call(Call::post(CREATE).json(&machine())).await;
    assert_eq!(created.status, 200, "{}", created.whole());
    created
}

async fn status(world: &World, id: &str, poll_token: &str) -> Answer {
    let call = Call::post(&format!("/api/qrCode/getLoginQrCode/{id}")).json(&machine());
    world.call(if poll_token.is_empty() { call } else { call.header("token", poll_token) }).await
}

async fn step(world: &World, step: &str, id: &str, token: &str) -> Answer {
    world.call(Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).header("token", token)).await
}

#[tokio::test]
async fn a_login_from_picture_to_token() {
    let world = World::default();
    let member = world.sign_in("13800138000").await;
    let created = create(&world).await;
    assert_snapshot!(created.whole());
    let (id, poll_token) = (created.text("id"), created.text("pollToken"));
    assert_snapshot!(status(&world, &id, &poll_token).await.whole());
    assert_snapshot!(step(&world, "scan", &id, &member.token).await.whole());
    assert_snapshot!(step(&world, "bind", &id, &member.token).await.whole());
    let signed_in = status(&world, &id, &poll_token).await;
    assert_snapshot!(signed_in.whole());
    // B8: a lost answer is given again.
    assert_eq!(status(&world, &id, &poll_token).await.body, signed_in.body);
}
