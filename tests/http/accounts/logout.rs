//! `POST /api/user/logout`: a phone signs out.

use std::time::Duration;

use acceptance::{Call, World};
use serde_json::json;

use super::{MINUTE, NUMBER, refresh_call};

// I7
#[tokio::test]
async fn after_signing_out_the_tokens_are_dead_everywhere() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let id = world.call(Call::post("/api/qrCode/createLoginQrCode")).await.text("id");
    assert_eq!(world.call(Call::post("/api/user/logout").header("token", &person.token)).await.status, 204);
    for path in [
        &format!("/api/qrCode/scanLoginQrCode/{id}"),
        &format!("/api/qrCode/bindLoginQrCode/{id}"),
        &format!("/api/qrCode/cancelLoginQrCode/{id}"),
        &format!("/q/{id}/scan"),
        &format!("/q/{id}/confirm"),
        &format!("/q/{id}/cancel"),
    ] {
        world.call(Call::post(path).bearer(&person.token)).await.problem(401, "unauthorized");
    }
    for path in ["/qr/lock", "/qr/activate", "/qr/cancel"] {
        let answer = world.call(Call::post(path).bearer(&person.token).json(&json!({"code": id}))).await;
        assert_eq!((answer.status.as_u16(), answer.json()["errorCode"].as_i64()), (401, Some(-1)));
    }
    world.call(refresh_call(&person.refresh_token)).await.problem(401, "unauthorized");
    assert_eq!(world.session(&id).state.name(), "pending");
}

// F2: a phone whose answer was lost signs out again and gets the same answer.
#[tokio::test]
async fn signing_out_twice_is_signing_out_once() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let call = Call::post("/api/user/logout").bearer(&person.token);
    for _ in 0..2 {
        assert_eq!(world.call(call.clone()).await.status, 204);
    }
    world.clock.advance(Duration::from_mins(15));
    world.call(call).await.problem(401, "unauthorized");
}

// I7: one phone signs out, and the other stays signed in.
#[tokio::test]
async fn signing_out_is_for_one_phone() {
    let world = World::default();
    let one = world.sign_in(NUMBER).await;
    world.clock.advance(MINUTE);
    let other = world.sign_in(NUMBER).await;
    world.call(Call::post("/api/user/logout").bearer(&one.token)).await;
    assert_eq!(world.call(refresh_call(&other.refresh_token)).await.status, 200);
}
