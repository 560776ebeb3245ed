//! The routes of standard clients.

use acceptance::{Call, Person, World};
use saoma_domain::oauth::ClientAuth;
use serde_json::json;

use super::{Route, repeats, route};
use crate::{
    oauth::{
        Device, TV, ciba,
        code::{self, Page, SITE},
        form, register, register_as,
    },
    web::basic,
};

/// What a new session draws.
const NEW_SESSION: &[&str] = &[
    "device_code",
    "user_code",
    "verification_uri_complete",
    "qr",
    "qr_text",
    "match_number",
    "code",
    "rotate",
    "pollToken",
    "matchNumber",
];
/// Of an ID token, what follows from the access token.
const TOKENS: &[&str] = &["at_hash"];

async fn person(world: &World) -> Person {
    world.sign_in("13800138000").await
}

/// A device of a registered client, whose person agreed.
async fn agreed(world: &World) -> Device {
    register(world, TV);
    let (device, person) = (Device::begin(world).await, person(world).await);
    device.approved_by(world, &person).await;
    device
}

async fn signed_in(world: &World, name: &str) -> String {
    register(world, TV);
    let person = person(world).await;
    Device::signed_in(world, &person).await[name].as_str().unwrap().to_owned()
}

// B12 B8
#[tokio::test]
async fn a_device_signs_in() {
    let begins = Route { drawn: NEW_SESSION, opens: true, ..route("device_authorization") };
    repeats(begins, async |world| {
        register(world, TV);
        form("/oauth/device_authorization", &[("client_id", TV), ("scope", "openid")])
    })
    .await;
    let exchanges = Route { drawn: TOKENS, ..route("token by device code") };
    repeats(exchanges, async |world| agreed(world).await.exchange()).await;
    repeats(route("user_code"), async |world| {
        register(world, TV);
        let (device, person) = (Device::begin(world).await, person(world).await);
        let typed = json!({"userCode": device.text("user_code")});
        Call::post("/oauth/user_code").bearer(&person.token).json(&typed)
    })
    .await;
}

// B12 B8
#[tokio::test]
async fn a_server_has_a_person_asked() {
    let begins = Route { drawn: &["auth_req_id"], opens: true, ..route("bc-authorize") };
    repeats(begins, async |world| {
        let desk = ciba::Server::registered(world, "desk");
        desk.scanned_by(world, &person(world).await).await;
        desk.asking(&[("login_hint", "13800138000")])
    })
    .await;
    let exchanges = Route { drawn: TOKENS, ..route("token by auth_req_id") };
    repeats(exchanges, async |world| {
        let desk = ciba::Server::registered(world, "desk");
        let person = person(world).await;
        desk.scanned_by(world, &person).await;
        let id = desk.asked(world, &[]).await;
        ciba::decides(world, &person, true, None).await;
        desk.exchange(&id)
    })
    .await;
}

// B12 B8
#[tokio::test]
async fn a_site_signs_its_person_in() {
    let begins = Route { drawn: NEW_SESSION, opens: true, ..route("authorize/begin") };
    repeats(begins, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let page = Page::open(world).await;
        let begin = Call::post("/oauth/authorize/begin").header("token", page.text("pollToken"));
        begin.json(&json!({"request": page.sealed}))
    })
    .await;
    let status = Route { polls: true, ..route("authorize/status") };
    repeats(status, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let page = Page::open(world).await;
        Call::get("/oauth/authorize/status").header("token", page.text("pollToken"))
    })
    .await;
    repeats(route("authorize/cancel"), async |world| {
        code::register(world, SITE, ClientAuth::None);
        let page = Page::open(world).await;
        let cancel = Call::post("/oauth/authorize/cancel").header("token", page.text("pollToken"));
        cancel.json(&json!({"request": page.sealed}))
    })
    .await;
    let exchanges = Route { drawn: TOKENS, ..route("token by code") };
    repeats(exchanges, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let code = Page::open(world).await.approved_by(world, &person).await;
        code::exchange(&code, &[])
    })
    .await;
}

// B12: the cookie that keeps a browser signed in, and the login that follows from it.
#[tokio::test]
async fn a_browser_stays_signed_in() {
    let status = Route { drawn: &["url"], ..route("authorize/status, confirmed") };
    repeats(status, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let page = Page::open(world).await;
        page.confirmed_by(world, &person).await;
        Call::get("/oauth/authorize/status").header("token", page.text("pollToken"))
    })
    .await;
    let asks = Route { drawn: NEW_SESSION, opens: true, ..route("authorize/begin, asked on the phone") };
    repeats(asks, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let cookie = Page::open(world).await.agreed_by(world, &person).await.cookie();
        let login = [("prompt", "login"), ("login_hint", "13800138000")];
        let sealed = Page::open_with(world, &login).await.sealed;
        Call::post("/oauth/authorize/begin").cookie(&cookie).json(&json!({"request": sealed}))
    })
    .await;
    repeats(route("authorize/here"), async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let sealed = Page::open(world).await.sealed;
        crate::oauth::here::make_strict(world).await;
        Call::post("/oauth/authorize/here").bearer(&person.token).json(&json!({"request": sealed}))
    })
    .await;
    let continues = Route { drawn: &["url"], opens: true, ..route("authorize/continue") };
    repeats(continues, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let page = Page::open(world).await;
        let cookie = page.agreed_by(world, &person).await.cookie();
        Call::post("/oauth/authorize/continue").cookie(&cookie).json(&json!({"request": page.sealed}))
    })
    .await;
}

// B12 F1 K10
#[tokio::test]
async fn tokens_are_used_and_given_up() {
    repeats(Route { drawn: TOKENS, ..route("token by refresh token") }, async |world| {
        let token = signed_in(world, "refresh_token").await;
        let pairs = [("grant_type", "refresh_token"), ("client_id", TV), ("refresh_token", &token)];
        form("/oauth/token", &pairs)
    })
    .await;
    repeats(route("userinfo"), async |world| {
        Call::get("/oauth/userinfo").bearer(&signed_in(world, "access_token").await)
    })
    .await;
    repeats(Route { drawn: &["body"], ..route("revoke") }, async |world| {
        let token = signed_in(world, "refresh_token").await;
        form("/oauth/revoke", &[("client_id", TV), ("token", &token)])
    })
    .await;
    repeats(route("introspect"), async |world| {
        let secret = register_as(world, "box", ClientAuth::ClientSecret);
        let token = signed_in(world, "refresh_token").await;
        let asked = form("/oauth/introspect", &[("token", &token)]);
        asked.header("authorization", &basic("box", &secret))
    })
    .await;
}
