//! Logins of hosted clients, and the prompts.

use acceptance::{Call, Person, World};
use serde_json::json;

use super::{Route, repeats, route};
use crate::remembered::{DEVICE, Region, both, code, log_in};

const NUMBER: &str = "13800138000";
const BEGIN: Route = Route { name: "", drawn: &["traceId"], opens: true, polls: false };

/// A region and a person who was signed in on its device, by QR.
async fn paired(world: &World) -> (Region, Person) {
    let region = Region::registered(world, "clientId-01");
    let person = world.sign_in(NUMBER).await;
    log_in(world, &region, &person, json!({"deviceId": DEVICE})).await;
    (region, person)
}

/// The same, and the person is asked: the prompt's trace.
async fn asked(world: &World) -> (Region, Person, String) {
    let (region, person) = paired(world).await;
    // The phone is there to see the prompt.
    assert_eq!(world.call(Call::get("/login/pending").bearer(&person.token)).await.status, 200);
    let trace = region.trace(world, both(&person)).await;
    (region, person, trace)
}

// B12 F2
#[tokio::test]
async fn a_region_begins_a_login() {
    repeats(Route { name: "a QR", ..BEGIN }, async |world| {
        Region::registered(world, "clientId-01").call(json!({"deviceId": DEVICE}))
    })
    .await;
    repeats(Route { name: "a prompt", ..BEGIN }, async |world| {
        let (region, person) = paired(world).await;
        region.call(both(&person))
    })
    .await;
    repeats(Route { name: "a prompt after another", ..BEGIN }, async |world| {
        let (region, person, _) = asked(world).await;
        region.call(both(&person))
    })
    .await;
}

// B12 F2
#[tokio::test]
async fn a_region_asks_how_it_went_and_shows_the_qr() {
    repeats(route("results"), async |world| {
        let (region, _, trace) = asked(world).await;
        Call::get(&format!("/login/results/{trace}")).header("authorization", region.authorization())
    })
    .await;
    repeats(route("webhook"), async |world| {
        let region = Region::registered(world, "clientId-01");
        Call::get("/login/webhook").header("authorization", region.authorization())
    })
    .await;
    repeats(route("qrcode"), async |world| {
        let region = Region::registered(world, "clientId-01");
        let trace = region.trace(world, json!({"deviceId": DEVICE})).await;
        Call::get(&format!("/login/qrcode/{trace}?format=svg"))
    })
    .await;
    repeats(route("confirm on the phone page"), async |world| {
        let region = Region::registered(world, "clientId-01");
        let person = world.sign_in(NUMBER).await;
        let trace = region.trace(world, json!({"deviceId": DEVICE})).await;
        let code = code(world, &region, &trace).await;
        crate::remembered::phone(world, &person, &code, "scan").await;
        Call::post(&format!("/q/{code}/confirm")).bearer(&person.token).json(&json!({}))
    })
    .await;
}

// B12 F2
#[tokio::test]
async fn a_person_is_asked_and_answers() {
    repeats(route("pending, for the first time"), async |world| {
        let (_, person) = paired(world).await;
        Call::get("/login/pending").bearer(&person.token)
    })
    .await;
    repeats(route("pending, with a prompt"), async |world| {
        let (_, person, _) = asked(world).await;
        Call::get("/login/pending").bearer(&person.token)
    })
    .await;
    for (name, accept) in [("yes", true), ("no", false)] {
        repeats(route(name), async |world| {
            let (_, person, trace) = asked(world).await;
            let body = json!({"traceId": trace, "accept": accept});
            Call::post("/login/answer").bearer(&person.token).json(&body)
        })
        .await;
    }
}
