//! What a phone does with a code, our own pages, and pushes.

use acceptance::{Call, World};
use serde_json::json;

use super::{repeats, route};
use crate::{
    pages::step,
    web::{Pc, let_in},
};

const NUMBER: &str = "13800138000";

/// A call of the phone page.
fn page(step: &str, code: &str, token: &str) -> Call {
    Call::post(&format!("/q/{code}/{step}")).bearer(token).json(&json!({}))
}

// B12 F2
#[tokio::test]
async fn the_phone_page_and_the_welcome_page() {
    repeats(route("scan"), async |world| {
        let token = world.sign_in(NUMBER).await.token;
        page("scan", &Pc::open(world).await.code, &token)
    })
    .await;
    for name in ["confirm", "cancel"] {
        repeats(route(name), async |world| {
            let (person, pc) = (world.sign_in(NUMBER).await, Pc::open(world).await);
            assert_eq!(step(world, "scan", &person, &pc.code, &json!({})).await.status, 200);
            page(name, &pc.code, &person.token)
        })
        .await;
    }
    repeats(route("welcome"), async |world| {
        let (person, pc) = (world.sign_in(NUMBER).await, Pc::open(world).await);
        let_in(world, &person, &pc).await;
        let ticket = pc.ticket(world).await;
        Call::post("/welcome").json(&json!({"ticket": ticket})).cookie(&pc.cookie)
    })
    .await;
}

// B12 F2: what a confirmation through the page leaves behind is there once, of each contract.
#[tokio::test]
async fn the_phone_page_keeps_what_each_contract_promises() {
    for open in [
        Call::post("/api/qrCode/createLoginQrCode")
            .json(&json!({"deviceName": "BM05", "deviceMac": "22:33"})),
        Call::get("/qrlogin/createcode").header("accept", "application/json"),
    ] {
        repeats(route("confirm"), async |world| {
            let person = world.sign_in(NUMBER).await;
            let opened = world.call(open.clone()).await.json();
            let code = opened.get("code").or(opened.get("id")).unwrap().as_str().unwrap();
            assert_eq!(step(world, "scan", &person, code, &json!({})).await.status, 200);
            page("confirm", code, &person.token)
        })
        .await;
    }
}

fn push(method: &'static str, token: &str) -> Call {
    Call::new(method, "/api/device/push")
        .bearer(token)
        .json(&json!({"platform": "FCM", "token": "fcm-token-0123456789"}))
}

async fn registered(world: &World) -> String {
    let token = world.sign_in(NUMBER).await.token;
    assert_eq!(world.call(push("POST", &token)).await.status, 200);
    token
}

// B12 F2
#[tokio::test]
async fn a_phone_that_can_be_pushed_to() {
    repeats(route("register"), async |world| push("POST", &world.sign_in(NUMBER).await.token)).await;
    repeats(route("register a token of another account"), async |world| {
        registered(world).await;
        push("POST", &world.sign_in("13900139000").await.token)
    })
    .await;
    repeats(route("unregister"), async |world| push("DELETE", &registered(world).await)).await;
}
