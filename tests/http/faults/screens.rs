//! The routes of kiosks and PCs.

use acceptance::{Answer, Call, World};
use serde_json::json;

use super::{Route, repeats, route};
use crate::web::{Pc, app, done, let_in, register_shop};

const NUMBER: &str = "13800138000";
const CREATE: &str = "/api/qrCode/createLoginQrCode";
/// What a new QR draws, by the names of all contracts.
const NEW_QR: Route = Route {
    name: "",
    drawn: &["id", "code", "pollToken", "text", "matchNumber", "url", "codeUrl", "svg", "body"],
    opens: true,
    polls: false,
};

async fn must(world: &World, call: Call) -> Answer {
    let answer = world.call(call).await;
    assert_eq!(answer.status, 200, "{}", answer.whole());
    answer
}

/// A machine's QR: its id, its `pollToken` and the token of a phone.
async fn machine(world: &World) -> (String, String, String) {
    let token = world.sign_in(NUMBER).await.token;
    let body = json!({"deviceName": "BM05", "deviceMac": "22:33"});
    let created = must(world, Call::post(CREATE).json(&body)).await;
    (created.text("id"), created.text("pollToken"), token)
}

fn of_machine(step: &str, id: &str, token: &str) -> Call {
    Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).header("token", token)
}

fn of_app(step: &str, code: &str, token: &str) -> Call {
    Call::post(&format!("/qr/{step}")).header("token", token).json(&json!({"code": code}))
}

// B12 F2
#[tokio::test]
async fn a_kiosk_and_its_phone() {
    repeats(Route { name: "create", ..NEW_QR }, async |_| Call::post(CREATE)).await;
    repeats(Route { name: "create after another", ..NEW_QR }, async |world| {
        let (_, poll_token, _) = machine(world).await;
        Call::post(CREATE).header("token", &poll_token)
    })
    .await;
    repeats(Route { polls: true, ..route("status, waiting") }, async |world| {
        let (id, poll_token, _) = machine(world).await;
        of_machine("get", &id, &poll_token)
    })
    .await;
    repeats(route("scan"), async |world| {
        let (id, _, token) = machine(world).await;
        of_machine("scan", &id, &token)
    })
    .await;
    repeats(route("bind"), async |world| {
        let (id, _, token) = machine(world).await;
        must(world, of_machine("scan", &id, &token)).await;
        of_machine("bind", &id, &token)
    })
    .await;
    repeats(route("cancel"), async |world| {
        let (id, _, token) = machine(world).await;
        must(world, of_machine("scan", &id, &token)).await;
        of_machine("cancel", &id, &token)
    })
    .await;
    repeats(route("status, with the token"), async |world| {
        let (id, poll_token, token) = machine(world).await;
        must(world, of_machine("scan", &id, &token)).await;
        must(world, of_machine("bind", &id, &token)).await;
        of_machine("get", &id, &poll_token)
    })
    .await;
}

// B12 F2
#[tokio::test]
async fn a_pc_of_the_web_and_its_app() {
    repeats(Route { name: "code", ..NEW_QR }, async |world| {
        register_shop(world);
        Call::get("/qr/code?client=shop")
    })
    .await;
    repeats(Route { name: "code after another", ..NEW_QR }, async |world| {
        Call::get("/qr/code").cookie(&Pc::open(world).await.cookie)
    })
    .await;
    repeats(Route { name: "loginpic", ..NEW_QR }, async |_| Call::get("/qr/loginpic/")).await;
    repeats(Route { polls: true, ..route("login, waiting") }, async |world| {
        Call::get("/qr/login").cookie(&Pc::open(world).await.cookie)
    })
    .await;
    repeats(route("login, with the ticket"), async |world| {
        let (person, pc) = (world.sign_in(NUMBER).await, Pc::open(world).await);
        let_in(world, &person, &pc).await;
        Call::get("/qr/login").cookie(&pc.cookie)
    })
    .await;
    repeats(route("lock"), async |world| {
        let token = world.sign_in(NUMBER).await.token;
        of_app("lock", &Pc::open(world).await.code, &token)
    })
    .await;
    for step in ["activate", "cancel"] {
        repeats(route(step), async |world| {
            let (person, pc) = (world.sign_in(NUMBER).await, Pc::open(world).await);
            done(&app(world, "lock", &person, &pc.code).await);
            of_app(step, &pc.code, &person.token)
        })
        .await;
    }
    repeats(route("ticket"), async |world| {
        let shop = register_shop(world);
        let (person, pc) = (world.sign_in(NUMBER).await, Pc::open_shop(world).await);
        let_in(world, &person, &pc).await;
        let ticket = pc.ticket(world).await;
        Call::post("/qr/ticket").header("authorization", &shop).json(&json!({"ticket": ticket}))
    })
    .await;
}

/// A PC of the shop contract: its code, its cookie and its picture's path.
async fn shop_pc(world: &World) -> (String, String, String) {
    let created = must(world, Call::get("/qrlogin/createcode").header("accept", "application/json")).await;
    let path = created.text("url").replace(acceptance::ISSUER, "");
    (created.text("code"), created.cookie(), path)
}

fn sign_in(code: &str) -> Call {
    Call::post(&format!("/qrlogin/qrcodelogin/{code}"))
}

// B12 F2
#[tokio::test]
async fn a_pc_of_a_shop_and_its_app() {
    repeats(Route { name: "createcode", ..NEW_QR }, async |_| {
        Call::get("/qrlogin/createcode").header("accept", "application/json")
    })
    .await;
    repeats(Route { name: "createcode after another", ..NEW_QR }, async |world| {
        Call::get("/qrlogin/createcode").cookie(&shop_pc(world).await.1)
    })
    .await;
    repeats(route("verifycode by a stranger"), async |world| {
        Call::get(&format!("/qrlogin/verifycode/{}", shop_pc(world).await.0))
    })
    .await;
    repeats(route("verifycode by the app"), async |world| {
        let token = world.sign_in(NUMBER).await.token;
        Call::get(&format!("/qrlogin/verifycode/{}", shop_pc(world).await.0)).header("token", &token)
    })
    .await;
    repeats(route("qrcodelogin by the app"), async |world| {
        let token = world.sign_in(NUMBER).await.token;
        sign_in(&shop_pc(world).await.0).header("token", &token)
    })
    .await;
    repeats(Route { polls: true, ..route("qrcodelogin by the PC, waiting") }, async |world| {
        let (code, cookie, _) = shop_pc(world).await;
        sign_in(&code).cookie(&cookie)
    })
    .await;
    repeats(route("qrcodelogin by the PC"), async |world| {
        let token = world.sign_in(NUMBER).await.token;
        let (code, cookie, _) = shop_pc(world).await;
        must(world, sign_in(&code).header("token", &token)).await;
        sign_in(&code).cookie(&cookie)
    })
    .await;
    repeats(route("picture"), async |world| Call::get(&shop_pc(world).await.2)).await;
}
