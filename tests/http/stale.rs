//! A poll may read a copy that is a moment old. Of a session that was just created such a copy knows nothing,
//! and the poll is answered as if it did.

use acceptance::{Answer, Call, ISSUER, World};
use saoma_domain::ports::{Freshness, Sessions};
use serde_json::json;

use crate::{
    operations::kiosk_poll,
    remembered::{DEVICE, Region, code},
};

/// A world where copies miss the session with this code, which another world of the same randomness has opened.
fn behind(opened: &World, code: &str) -> World {
    let world = World::default();
    world.memory.lag(&opened.session(code).code);
    world
}

/// The session is stored, and copies miss it.
async fn is_missed(world: &World, code: &str) {
    let stored = world.session(code);
    let copy = world.memory.find(&stored.code, Freshness::Eventual).await.unwrap();
    assert_eq!(copy, None);
}

#[tokio::test]
async fn a_machine_is_told_of_a_session_that_copies_miss() {
    let create = || Call::post("/api/qrCode/createLoginQrCode");
    let first = World::default();
    let id = first.call(create()).await.text("id");
    let world = behind(&first, &id);
    let created = world.call(create()).await;
    is_missed(&world, &id).await;
    for token in [created.text("pollToken"), "x".to_owned()] {
        let answer = world.call(kiosk_poll(&created, &token)).await;
        assert_eq!((answer.status.as_u16(), answer.text("codeStatus")), (200, "DEFAULT".to_owned()));
    }
}

#[tokio::test]
async fn a_page_is_told_of_a_session_that_copies_miss() {
    let first = World::default();
    let code = first.call(Call::get("/qr/code")).await.text("code");
    let world = behind(&first, &code);
    let opened = world.call(Call::get("/qr/code")).await;
    is_missed(&world, &code).await;
    let polled = world.call(Call::get("/qr/login").cookie(&opened.cookie())).await;
    assert_eq!(polled.json(), json!({"statusflag": 0, "pollAfter": 2}));
}

#[tokio::test]
async fn a_shop_is_told_and_shown_a_session_that_copies_miss() {
    let create = || Call::get("/qrlogin/createcode").header("accept", "application/json");
    let first = World::default();
    let code = first.call(create()).await.text("code");
    let world = behind(&first, &code);
    let shown = world.call(create()).await;
    is_missed(&world, &code).await;
    let poll = Call::get(&format!("/qrlogin/qrcodelogin/{code}")).cookie(&shown.cookie());
    assert_eq!(world.call(poll).await.json(), json!({"status": 0, "pollAfter": 2}));
    assert_eq!(
        world.call(Call::get(&format!("/qrlogin/verifycode/{code}"))).await.json(),
        json!({"status": 1})
    );
    let picture = world.call(Call::get(shown.text("url").strip_prefix(ISSUER).unwrap())).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/jpeg"));
}

#[tokio::test]
async fn a_region_is_told_and_shown_a_session_that_copies_miss() {
    let ask = async |world: &World| {
        let region = Region::registered(world, "clientId-01");
        let trace = region.ask(world, json!({"deviceId": DEVICE})).await.text("traceId");
        (region, trace)
    };
    let first = World::default();
    let (region, trace) = ask(&first).await;
    let qr = code(&first, &region, &trace).await;
    let world = behind(&first, &qr);
    let (region, trace) = ask(&world).await;
    is_missed(&world, &qr).await;
    let told = region.results(&world, &trace).await;
    assert_eq!((told.len(), &told[0]["resultType"]), (1, &json!("LOGIN_getLoginQrcode")));
    let drawn: Answer = world.call(Call::get(&format!("/login/qrcode/{trace}"))).await;
    assert_eq!((drawn.status.as_u16(), drawn.header("content-type")), (200, "image/png"));
}
