//! The toy dialect, from its first call to its token.

use acceptance::{Call, World};
use serde_json::json;

#[tokio::test]
async fn a_television_signs_in() {
    let world = World::default();
    world.register_client("tv", |client| client);
    let person = world.sign_in("13800138000").await;
    let opened = world.call(Call::post("/tv/open")).await;
    let poll = Call::get("/tv/poll").header("token", &opened.text("pollToken"));
    for (step, state) in [("scan", "waiting"), ("confirm", "scanned")] {
        assert_eq!(world.call(poll.clone()).await.json(), json!({"state": state, "token": null}));
        let path = format!("/q/{}/{step}", opened.text("code"));
        assert_eq!(world.call(Call::post(&path).bearer(&person.token)).await.status, 200);
    }
    let taken = world.call(poll).await;
    assert_eq!(taken.text("state"), "signed_in");
    assert!(taken.json()["token"].is_string());
}
