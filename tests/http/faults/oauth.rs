//! The routes of standard clients.

use acceptance::{Call, Person, World};
use saoma_domain::oauth::ClientAuth;
use serde_json::json;

use super::{Route, repeats, repeats_anew, route};
use crate::{
    oauth::{
        DEVICE_GRANT, Device, TV, ciba,
        code::{self, Page, SITE, query, with},
        dpop, form, register, register_as,
        signer::{JWT_BEARER, Signer},
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

/// A client that proves itself with a key of its own, registered for the code flow.
const BOX: &str = "box";

fn key() -> Signer {
    Signer::of(7)
}

async fn register_box(world: &World) {
    let asked = json!({
        "do": "client.create", "id": BOX, "name": "Box", "dialect": "oauth", "auth": "private_key_jwt",
        "grants": ["authorization_code", "device_code", "refresh_token"], "redirects": [code::CALLBACK],
        "key": key().jwk().to_string(),
    });
    let made = world.command(asked).await;
    assert_eq!(made["ok"], true, "{made}");
}

/// A call of this client, with a fresh assertion of this id.
fn asserting(world: &World, path: &str, id: &str, others: &[(&str, &str)]) -> Call {
    let assertion = key().assertion(world, BOX, id);
    let mut pairs = vec![("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())];
    pairs.extend(others);
    form(path, &pairs)
}

/// The good request, as a form.
fn request_of(path: &str, changes: &[(&str, &str)]) -> Call {
    let pairs = with(changes);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form(path, &pairs)
}

// B12: what a client sends its person's browser to.
#[tokio::test]
async fn a_browser_comes_to_sign_in() {
    repeats(route("authorize"), async |world| {
        code::register(world, SITE, ClientAuth::None);
        code::authorizing(&[])
    })
    .await;
    repeats(route("authorize by a form"), async |world| {
        code::register(world, SITE, ClientAuth::None);
        request_of("/oauth/authorize", &[])
    })
    .await;
    let through = Route { drawn: &["location"], opens: true, ..route("authorize, signed in") };
    repeats(through, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let cookie = Page::open(world).await.agreed_by(world, &person).await.cookie();
        code::authorizing(&[]).cookie(&cookie)
    })
    .await;
    repeats(route("authorize by a pushed request"), async |world| {
        code::register(world, SITE, ClientAuth::None);
        let pushed = world.call(request_of("/oauth/par", &[])).await.text("request_uri");
        let pairs = [("client_id", SITE), ("request_uri", pushed.as_str())];
        Call::get(&format!("/oauth/authorize?{}", query(&pairs)))
    })
    .await;
    let pushes = Route { drawn: &["request_uri"], ..route("par") };
    repeats(pushes, async |world| {
        code::register(world, SITE, ClientAuth::None);
        request_of("/oauth/par", &[])
    })
    .await;
}

// B12: a browser is signed out.
#[tokio::test]
async fn a_browser_leaves() {
    /// A browser that is signed in, its cookie, and an ID token of its person.
    async fn signed_in(world: &World) -> (String, String) {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let answer = Page::open(world).await.agreed_by(world, &person).await;
        let url = code::parameters(&answer.text("url"));
        let tokens = world.call(code::exchange(url["code"].as_str().unwrap(), &[])).await;
        (answer.cookie(), tokens.text("id_token"))
    }
    repeats(route("logout"), async |world| {
        let (cookie, hint) = signed_in(world).await;
        let pairs = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", code::GOODBYE)];
        Call::get(&format!("/oauth/logout?{}", query(&pairs))).cookie(&cookie)
    })
    .await;
    repeats(route("logout, pressed"), async |world| {
        let (cookie, _) = signed_in(world).await;
        let pressed = form("/oauth/logout", &[("confirm", "yes")]);
        pressed.header("sec-fetch-site", "same-origin").cookie(&cookie)
    })
    .await;
}

// B12 E14: an assertion and a proof are used once, so a client that repeats its call brings new ones.
#[tokio::test]
async fn a_client_that_proves_itself_brings_a_new_proof() {
    let begins = Route { drawn: NEW_SESSION, opens: true, ..route("device_authorization, asserted") };
    repeats_anew(begins, async |world| {
        register_box(world).await;
        |world: &World, id: &str| asserting(world, "/oauth/device_authorization", id, &[("scope", "openid")])
    })
    .await;
    let pushes = Route { drawn: &["request_uri"], ..route("par, asserted") };
    repeats_anew(pushes, async |world| {
        register_box(world).await;
        |world: &World, id: &str| {
            let pairs = with(&[("client_id", BOX)]);
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            asserting(world, "/oauth/par", id, &pairs)
        }
    })
    .await;
    let exchanges = Route { drawn: TOKENS, ..route("token by device code, asserted") };
    repeats_anew(exchanges, async |world| {
        register_box(world).await;
        let begun = asserting(world, "/oauth/device_authorization", "begins", &[("scope", "openid")]);
        let device_code = world.call(begun).await.text("device_code");
        let person = person(world).await;
        for step in ["scan", "confirm"] {
            let qr = device_code.split('.').next().unwrap();
            let answer = crate::pages::step(world, step, &person, qr, &json!({})).await;
            assert_eq!(answer.status, 200, "{}", answer.whole());
        }
        move |world: &World, id: &str| {
            let pairs = [("grant_type", DEVICE_GRANT), ("device_code", device_code.as_str())];
            asserting(world, "/oauth/token", id, &pairs)
        }
    })
    .await;
    let proves = Route { drawn: TOKENS, ..route("token by code, with a proof") };
    repeats_anew(proves, async |world| {
        code::register(world, SITE, ClientAuth::None);
        let person = person(world).await;
        let code = Page::open(world).await.approved_by(world, &person).await;
        move |world: &World, id: &str| dpop::exchange(world, &key(), id, &code)
    })
    .await;
}
