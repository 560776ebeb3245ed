//! Clients that prove themselves with a key of their own (`private_key_jwt`, RFC 7523).

use std::sync::{Arc, atomic::Ordering};

use acceptance::{Answer, Call, World};
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

use super::{
    DEVICE_GRANT, Device, form, pass, refused,
    signer::{JWT_BEARER, Signer, assertion},
};
use crate::{crowd::at_once, issuers::Issuer, pages, web::basic};

pub(super) const BOX: &str = "box";

pub(super) fn key() -> Signer {
    Signer::of(7)
}

/// A world with a client of this key, as an operator registers it.
async fn with_box() -> World {
    let world = World::default();
    let made = register(&world, json!({})).await;
    assert_eq!(made["client"]["keys"].as_array().unwrap().len(), 1);
    world
}

/// Registers the box, with these settings besides its own.
pub(super) async fn register(world: &World, more: Value) -> Value {
    let mut asked = json!({
        "do": "client.create", "id": BOX, "name": "Box", "dialect": "oauth",
        "grants": ["device_code", "refresh_token"], "auth": "private_key_jwt", "key": key().jwk().to_string(),
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world.command(asked).await;
    assert_eq!(made["ok"], true, "{made}");
    made
}

fn asserting(path: &str, assertion: &str, others: &[(&str, &str)]) -> Call {
    let mut pairs = vec![("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    pairs.extend(others);
    form(path, &pairs)
}

/// Begins a login with an assertion. The client is named by the assertion alone.
async fn begins(world: &World, assertion: &str) -> Answer {
    world.call(asserting("/oauth/device_authorization", assertion, &[])).await
}

#[tokio::test]
async fn a_client_proves_itself_with_its_key_at_every_endpoint() {
    let world = with_box().await;
    let person = world.sign_in("13800138000").await;
    let fresh = |id: &str| key().assertion(&world, BOX, id);
    let begun = begins(&world, &fresh("1")).await;
    assert_eq!(begun.status, 200, "{}", begun.whole());
    let qr = begun.text("device_code").split('.').next().unwrap().to_owned();
    let poll = |id: &str| {
        let pairs =
            [("grant_type", DEVICE_GRANT), ("client_id", BOX), ("device_code", &begun.text("device_code"))];
        asserting("/oauth/token", &fresh(id), &pairs)
    };
    // A poll that finds nothing uses nothing up.
    for _ in 0..2 {
        refused(&world.call(poll("2")).await, 400, "authorization_pending");
        pass(&world, 5);
    }
    for step in ["scan", "confirm"] {
        assert_eq!(pages::step(&world, step, &person, &qr, &json!({})).await.status, 200);
    }
    let tokens = world.call(poll("2")).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    refused(&world.call(poll("2")).await, 401, "invalid_client");
    assert_eq!(world.call(poll("3")).await.json(), tokens.json(), "its answer was lost: a fresh assertion");
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    for _ in 0..2 {
        let asked = asserting("/oauth/introspect", &fresh("4"), &[("token", &access)]);
        assert_eq!(world.call(asked).await.json()["active"], true, "asking has no effect");
    }
    let refreshes = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    let next = world.call(asserting("/oauth/token", &fresh("5"), &refreshes)).await;
    assert_eq!(next.status, 200, "{}", next.whole());
    let token = next.text("refresh_token");
    let revoke = asserting("/oauth/revoke", &fresh("6"), &[("token", &token)]);
    assert_eq!(world.call(revoke).await.status, 200);
    let refreshes = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    refused(&world.call(asserting("/oauth/token", &fresh("7"), &refreshes)).await, 400, "invalid_grant");
}

// E14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_counts_once() {
    let world = with_box().await;
    let used = key().assertion(&world, BOX, "once");
    let calls = vec![asserting("/oauth/device_authorization", &used, &[]); 50];
    let world = Arc::new(world);
    let answers = at_once(&world, calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    pass(&world, 59);
    refused(&begins(&world, &used).await, 401, "invalid_client");
    pass(&world, 60);
    refused(&begins(&world, &used).await, 401, "invalid_client");
}

// E14: a device's request that is refused for another reason leaves its assertion as it was.
#[tokio::test]
async fn a_device_that_is_refused_may_bring_its_assertion_again() {
    let world = World::default();
    register(&world, json!({"networks": ["192.0.2.0/24"]})).await;
    let used = key().assertion(&world, BOX, "once");
    let begin = || asserting("/oauth/device_authorization", &used, &[]);
    refused(&world.call(begin()).await, 403, "network_not_allowed");
    let admitted = || begin().from_ip("192.0.2.7");
    refused(&world.call(admitted().header("dpop", "x")).await, 400, "invalid_dpop_proof");
    let answer = world.call(admitted()).await;
    assert_eq!(answer.status, 200, "{}", answer.whole());
    refused(&world.call(admitted()).await, 401, "invalid_client");
}

// E14: and so does a question to a person whom the client may not ask.
#[tokio::test]
async fn a_question_that_is_refused_may_bring_its_assertion_again() {
    let world = World::default();
    register(&world, json!({"grants": ["device_code", "ciba"]})).await;
    let person = world.sign_in("13800138000").await;
    let used = key().assertion(&world, BOX, "once");
    let ask =
        |hint: &str| asserting("/oauth/bc-authorize", &used, &[("scope", "openid"), ("login_hint", hint)]);
    for unknown in ["13900139000", "13800138000"] {
        refused(&world.call(ask(unknown)).await, 400, "unknown_user_id");
    }
    let begun = begins(&world, &key().assertion(&world, BOX, "begin")).await;
    let device = Device { client: BOX, begun: begun.json() };
    device.approved_by(&world, &person).await;
    let poll = [("grant_type", DEVICE_GRANT), ("device_code", device.text("device_code"))];
    let tokens = world.call(asserting("/oauth/token", &key().assertion(&world, BOX, "poll"), &poll)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    let asked = world.call(ask("13800138000")).await;
    assert_eq!(asked.status, 200, "{}", asked.whole());
    refused(&world.call(ask("13800138000")).await, 401, "invalid_client");
}

// E14 A5
#[tokio::test]
async fn an_assertion_that_is_not_the_clients_own_or_not_for_now_is_refused() {
    let world = with_box().await;
    let (other, now) = (Signer::of(8), world.clock.now().secs());
    let good = |id: &str| assertion(&world, BOX, id);
    let changed = |name: &str, value: Value| {
        let mut claims = good(name);
        claims[name] = value;
        key().signed(&json!({"alg": "ES256"}), &claims)
    };
    let signed = |header: Value| key().signed(&header, &good("x"));
    let without = |name: &str| {
        let mut claims = good("y");
        claims.as_object_mut().unwrap().remove(name);
        key().signed(&json!({"alg": "ES256"}), &claims)
    };
    for bad in [
        other.assertion(&world, BOX, "a"),
        other.signed(&json!({"alg": "ES256", "jwk": other.jwk()}), &good("b")),
        changed("iss", json!("other")),
        changed("sub", json!("other")),
        changed("aud", json!("https://other.example")),
        changed("aud", json!(format!("{}/oauth/userinfo", acceptance::ISSUER))),
        changed("aud", json!([])),
        changed("aud", json!(null)),
        changed("exp", json!(now - 31)),
        changed("exp", json!(now + 331)),
        changed("exp", json!(u64::MAX)),
        changed("exp", json!("soon")),
        changed("nbf", json!(now + 31)),
        changed("iat", json!(now + 31)),
        changed("jti", json!("")),
        changed("jti", json!("x".repeat(257))),
        without("exp"),
        without("jti"),
        without("aud"),
        without("iss"),
        signed(json!({"alg": "none"})),
        signed(json!({"alg": "HS256"})),
        signed(json!({"alg": "RS256"})),
        signed(json!({"alg": "ES256", "typ": "dpop+jwt"})),
        signed(json!({"alg": "ES256", "crit": ["exp"]})),
        "x.y.z".to_owned(),
        "x".repeat(10_000),
    ] {
        let pairs = [("client_id", BOX)];
        let answer = world.call(asserting("/oauth/device_authorization", &bad, &pairs)).await;
        refused(&answer, 401, "invalid_client");
    }
    for (name, value) in [
        ("aud", json!(format!("{}/oauth/token", acceptance::ISSUER))),
        ("aud", json!(["https://other.example", acceptance::ISSUER])),
        ("exp", json!(now - 29)),
        ("exp", serde_json::from_str(&format!("{}.5", now + 60)).unwrap()),
        ("iat", json!(now + 29)),
    ] {
        let claims = json!({name: value});
        let mut good = assertion(&world, BOX, &format!("good {name} {value}"));
        good[name] = claims[name].clone();
        let answer = begins(&world, &key().signed(&json!({"alg": "ES256", "typ": "JWT"}), &good)).await;
        assert_eq!(answer.status, 200, "{claims}: {}", answer.whole());
    }
}

#[tokio::test]
async fn a_client_proves_itself_in_one_way_and_in_its_own() {
    let world = with_box().await;
    let secret = super::register_as(&world, "secret", saoma_domain::oauth::ClientAuth::ClientSecret);
    let own = || key().assertion(&world, BOX, "1");
    let path = "/oauth/device_authorization";
    for call in [
        asserting(path, &own(), &[("client_secret", "x")]),
        asserting(path, &own(), &[]).header("authorization", &basic(BOX, "x")),
        form(path, &[("client_id", BOX), ("client_assertion", &own())]),
        form(path, &[("client_id", BOX), ("client_assertion_type", JWT_BEARER)]),
        form(path, &[("client_id", BOX), ("client_assertion_type", "x"), ("client_assertion", &own())]),
    ] {
        refused(&world.call(call).await, 400, "invalid_request");
    }
    for call in [
        form(path, &[("client_id", BOX)]),
        form(path, &[("client_id", BOX), ("client_secret", &secret)]),
        form(path, &[]).header("authorization", &basic(BOX, &secret)),
        asserting(path, &own(), &[("client_id", "secret")]),
        asserting(path, &key().assertion(&world, "secret", "2"), &[]),
    ] {
        refused(&world.call(call).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn an_operator_registers_good_public_keys_alone() {
    let world = with_box().await;
    let set = json!({"keys": [key().jwk(), Signer::of(9).jwk()]}).to_string();
    let changed = world.command(json!({"do": "client.change", "id": BOX, "key": set})).await;
    assert_eq!(changed["client"]["keys"].as_array().unwrap().len(), 2);
    pass(&world, 10);
    assert_eq!(begins(&world, &Signer::of(9).assertion(&world, BOX, "new key")).await.status, 200);
    for (change, detail) in [
        (json!({"key": "x"}), "key must be"),
        (json!({"key": key().private_jwk().to_string()}), "a private key"),
        (json!({"key": json!({"kty": "oct", "k": "AAAA"}).to_string()}), "key must be"),
        (json!({"key": ""}), "key must be given"),
        (json!({"auth": "none"}), "key must be given"),
        (json!({"strict": true}), "strict must be off"),
    ] {
        let mut command = json!({"do": "client.change", "id": BOX});
        command.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.command(command).await;
        assert!(answer["detail"].as_str().unwrap().contains(detail), "{answer}");
    }
    let plain = world.command(json!({"do": "client.change", "id": BOX, "auth": "none", "key": ""})).await;
    assert_eq!(plain["client"]["keys"], json!([]));
    assert_eq!(Device::begin_as(&world, BOX, "openid").await.client, BOX);
}

/// A world with a client whose keys stand at this server.
async fn with_keys_at(server: &Issuer) -> World {
    let world = World::default();
    let address = format!("{}/keys", server.name);
    let asked = json!({
        "do": "client.create", "id": BOX, "name": "Box", "dialect": "oauth",
        "grants": ["device_code", "refresh_token"], "auth": "private_key_jwt", "key": address,
    });
    let made = world.command(asked).await;
    assert_eq!((&made["ok"], &made["client"]["keys"]), (&json!(true), &json!([address])), "{made}");
    world
}

fn published(server: &Issuer, world: &World, id: &str) -> String {
    server.signs(&json!({"typ": "JWT"}), &assertion(world, BOX, id))
}

// E5 E6
#[tokio::test]
async fn keys_at_an_address_are_fetched_when_they_are_needed() {
    let server = Issuer::start(7);
    let world = with_keys_at(&server).await;
    for id in ["1", "2"] {
        assert_eq!(begins(&world, &published(&server, &world, id)).await.status, 200);
    }
    assert_eq!(server.fetches(), 1, "kept");
    server.rotate("second", 8);
    assert_eq!(begins(&world, &published(&server, &world, "3")).await.status, 200, "a new key");
    assert_eq!(server.fetches(), 2);
    // Names that do not exist, a thousand of them, and a key of the caller's own.
    let stranger = Signer::of(9);
    for n in 0..1000 {
        let header =
            json!({"alg": "ES256", "kid": format!("k{n}"), "jwk": stranger.jwk(), "jku": server.name});
        let forged = stranger.signed(&header, &assertion(&world, BOX, "forged"));
        let answer = begins(&world, &forged).await;
        assert!(answer.status == 401 || answer.status == 429, "{}", answer.whole());
    }
    assert!(server.fetches() <= 3, "{}", server.fetches());
}

#[tokio::test]
async fn a_key_server_that_does_not_answer_costs_a_bounded_wait() {
    let server = Issuer::start(7);
    let world = with_keys_at(&server).await;
    server.hangs.store(true, Ordering::SeqCst);
    let waits = begins(&world, &published(&server, &world, "1")).await;
    refused(&waits, 503, "temporarily_unavailable");
    assert_eq!(waits.header("retry-after"), "30");
    refused(&begins(&world, &published(&server, &world, "1")).await, 503, "temporarily_unavailable");
    assert_eq!(server.fetches(), 1, "the floor");
    server.hangs.store(false, Ordering::SeqCst);
    pass(&world, 30);
    assert_eq!(begins(&world, &published(&server, &world, "2")).await.status, 200);
}
