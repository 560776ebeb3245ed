//! Tokens that are bound to a key (`DPoP`, RFC 9449).

use std::sync::Arc;

use acceptance::{Answer, Call, Person, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{oauth::ClientAuth, ports::Clock};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    DEVICE_GRANT, TV, claims,
    code::{self, CALLBACK, GOOD, Page, SITE, VERIFIER, query, with},
    form, pass, refused, register_as,
    signer::Signer,
    with_tv,
};
use crate::{crowd::at_once, pages, web::basic};

pub(super) fn key() -> Signer {
    Signer::of(11)
}

/// The claims of a good proof for a call of this path.
fn proof(world: &World, path: &str, id: &str) -> Value {
    let method = if path == "/oauth/userinfo" { "GET" } else { "POST" };
    let htu = format!("{}{path}", acceptance::ISSUER);
    json!({"jti": id, "htm": method, "htu": htu, "iat": world.clock.now().secs()})
}

fn header(key: &Signer) -> Value {
    json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk()})
}

pub(super) fn proven(world: &World, path: &str, key: &Signer, id: &str) -> String {
    key.signed(&header(key), &proof(world, path, id))
}

fn jkt(key: &Signer) -> String {
    let jwk = key.jwk();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

/// A call with a form and a proof.
fn post(world: &World, path: &str, key: &Signer, id: &str, pairs: &[(&str, &str)]) -> Call {
    form(path, pairs).header("dpop", &proven(world, path, key, id))
}

pub(crate) fn exchange(world: &World, key: &Signer, id: &str, code: &str) -> Call {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", SITE),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    post(world, "/oauth/token", key, id, &pairs)
}

fn refresh(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", SITE.to_owned()),
        ("refresh_token", token.to_owned()),
    ]
}

fn refreshes(world: &World, key: &Signer, id: &str, token: &str) -> Call {
    let pairs = refresh(token);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    post(world, "/oauth/token", key, id, &pairs)
}

/// What userinfo tells to a caller with this token, and a proof with these changes.
async fn userinfo(world: &World, token: &str, key: &Signer, change: impl FnOnce(&mut Value)) -> Answer {
    let mut claims = proof(world, "/oauth/userinfo", "userinfo");
    claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
    change(&mut claims);
    let proof = key.signed(&header(key), &claims);
    let call = Call::get("/oauth/userinfo").header("authorization", &format!("DPoP {token}"));
    world.call(call.header("dpop", &proof)).await
}

async fn with_site(auth: ClientAuth) -> (World, Person, String) {
    let world = World::default();
    let secret = code::register(&world, SITE, auth);
    let person = world.sign_in("13800138000").await;
    (world, person, secret)
}

/// A code for a request with these changes.
async fn code_for(world: &World, person: &Person, changes: &[(&str, &str)]) -> String {
    let pairs = with(changes);
    let found = world.call(Call::get(&format!("/oauth/authorize?{}", query(&pairs)))).await;
    let (_, sealed) = found.header("location").split_once("/authorize#").unwrap();
    Page::begin(world, sealed).await.approved_by(world, person).await
}

#[tokio::test]
async fn tokens_of_a_client_that_proves_a_key_are_bound_to_it() {
    let (world, person, _) = with_site(ClientAuth::None).await;
    let code = code_for(&world, &person, &[]).await;
    let tokens = world.call(exchange(&world, &key(), "1", &code)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    assert_eq!(tokens.text("token_type"), "DPoP");
    let access = tokens.text("access_token");
    assert_eq!(claims(&access)["cnf"], json!({"jkt": jkt(&key())}));
    let again = world.call(exchange(&world, &key(), "2", &code)).await;
    assert_eq!(again.json(), tokens.json(), "its answer was lost: a fresh proof of the same key");
    refused(&world.call(exchange(&world, &Signer::of(12), "3", &code)).await, 400, "invalid_grant");
    refused(&world.call(code::exchange(&code, &[])).await, 400, "invalid_grant");
    let told = userinfo(&world, &access, &key(), |_| {}).await;
    assert_eq!(told.json()["sub"], person.account.to_string());

    let token = tokens.text("refresh_token");
    let bare = refresh(&token);
    let bare: Vec<_> = bare.iter().map(|(name, value)| (*name, value.as_str())).collect();
    refused(&world.call(form("/oauth/token", &bare)).await, 400, "invalid_grant");
    refused(&world.call(refreshes(&world, &Signer::of(12), "4", &token)).await, 400, "invalid_grant");
    let next = world.call(refreshes(&world, &key(), "5", &token)).await;
    assert_eq!((next.status.as_u16(), next.text("token_type").as_str()), (200, "DPoP"));
    let repeated = world.call(refreshes(&world, &key(), "6", &token)).await;
    assert_eq!(repeated.text("refresh_token"), next.text("refresh_token"), "its answer was lost");
}

// A client with a secret refreshes without a proof, but a repeated exchange proves what the first one did (RFC 9449
// section 5).
#[tokio::test]
async fn a_repeated_exchange_proves_the_same_key_also_where_a_secret_does() {
    let (world, person, secret) = with_site(ClientAuth::ClientSecret).await;
    let authorization = basic(SITE, &secret);
    let code = code_for(&world, &person, &[]).await;
    let proven =
        |key: &Signer, id: &str| exchange(&world, key, id, &code).header("authorization", &authorization);
    let tokens = world.call(proven(&key(), "1")).await;
    assert_eq!((tokens.status.as_u16(), tokens.text("token_type").as_str()), (200, "DPoP"));
    let plain = code::exchange(&code, &[]).header("authorization", &authorization);
    for other in [plain, proven(&Signer::of(12), "2")] {
        refused(&world.call(other).await, 400, "invalid_grant");
    }
    let again = world.call(proven(&key(), "3")).await;
    assert_eq!(again.json(), tokens.json(), "its answer was lost");
    let token = tokens.text("refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let refreshed = form("/oauth/token", &pairs).header("authorization", &authorization);
    let refreshed = world.call(refreshed).await;
    assert_eq!((refreshed.status.as_u16(), refreshed.text("token_type").as_str()), (200, "Bearer"));
}

// A6 E14: a proof replayed, stale, from the future, for another method, address or key, or not a proof at all.
#[tokio::test]
async fn a_proof_that_is_not_for_this_request_is_refused() {
    let (world, person, _) = with_site(ClientAuth::None).await;
    let code = code_for(&world, &person, &[]).await;
    let (key, path, now) = (key(), "/oauth/token", world.clock.now().secs());
    let changed = |name: &str, value: Value| {
        let mut claims = proof(&world, path, "x");
        claims[name] = value;
        key.signed(&header(&key), &claims)
    };
    let headed = |name: &str, value: Value| {
        let mut header = header(&key);
        header[name] = value;
        key.signed(&header, &proof(&world, path, "x"))
    };
    let good = proven(&world, path, &key, "x");
    for bad in [
        changed("htm", json!("GET")),
        changed("htm", json!("post")),
        changed("htu", json!(format!("{}/oauth/userinfo", acceptance::ISSUER))),
        changed("htu", json!("https://evil.example/oauth/token")),
        changed("htu", json!("/oauth/token")),
        changed("iat", json!(now - 60)),
        changed("iat", json!(now + 61)),
        changed("iat", json!(u64::MAX)),
        changed("iat", json!(null)),
        changed("jti", json!("")),
        changed("jti", json!("x".repeat(257))),
        headed("typ", json!("JWT")),
        headed("typ", json!(null)),
        headed("alg", json!("none")),
        headed("alg", json!("HS256")),
        headed("alg", json!("RS256")),
        headed("jwk", json!(null)),
        headed("jwk", key.private_jwk()),
        headed("jwk", Signer::of(12).jwk()),
        headed("jwk", json!({"kty": "oct", "k": "AAAA"})),
        headed("crit", json!(["exp"])),
        format!("{good},{good}"),
        "x".to_owned(),
        String::new(),
        "x".repeat(10_000),
    ] {
        let call = code::exchange(&code, &[]).header("dpop", &bad);
        refused(&world.call(call).await, 400, "invalid_dpop_proof");
    }
    let queried = changed("htu", json!(format!("{}/oauth/token?x#y", acceptance::ISSUER)));
    let tokens = world.call(code::exchange(&code, &[]).header("dpop", &queried)).await;
    assert_eq!(tokens.status, 200, "and nothing was used up: {}", tokens.whole());
    refused(
        &world.call(code::exchange(&code, &[]).header("dpop", &queried)).await,
        400,
        "invalid_dpop_proof",
    );
    for (id, at) in [("slow", now - 59), ("fast", now + 59)] {
        let mut claims = proof(&world, path, id);
        claims["iat"] = json!(at);
        let call = code::exchange(&code, &[]).header("dpop", &key.signed(&header(&key), &claims));
        assert_eq!(world.call(call).await.status, 200, "{id}");
    }
}

// E14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_counts_once_where_tokens_are_issued() {
    let (world, person, _) = with_site(ClientAuth::None).await;
    let code = code_for(&world, &person, &[]).await;
    let call = exchange(&world, &key(), "once", &code);
    let answers = at_once(&Arc::new(world), vec![call; 50]).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

// A6: a token that is bound to a key is worth nothing to a thief.
#[tokio::test]
async fn a_bound_token_needs_a_proof_of_its_key() {
    let (world, person, _) = with_site(ClientAuth::None).await;
    let code = code_for(&world, &person, &[]).await;
    let tokens = world.call(exchange(&world, &key(), "1", &code)).await;
    let access = tokens.text("access_token");
    let stolen = world.call(Call::get("/oauth/userinfo").bearer(&access)).await;
    refused(&stolen, 401, "invalid_token");
    assert!(stolen.header("www-authenticate").contains("DPoP error=\"invalid_token\", algs=\"ES256\""));
    let bare = Call::get("/oauth/userinfo").header("authorization", &format!("DPoP {access}"));
    refused(&world.call(bare).await, 401, "invalid_dpop_proof");
    let other = Signer::of(12);
    for answer in [
        userinfo(&world, &access, &other, |_| {}).await,
        userinfo(&world, &access, &key(), |claims| claims["ath"] = json!("x")).await,
        userinfo(&world, &access, &key(), |claims| claims["ath"] = Value::Null).await,
        userinfo(&world, &access, &key(), |claims| claims["htm"] = json!("POST")).await,
    ] {
        refused(&answer, 401, "invalid_dpop_proof");
        assert_eq!(answer.header("www-authenticate"), "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"");
    }
    let (tv, someone) = with_tv().await;
    let plain = super::Device::signed_in(&tv, &someone).await;
    let plain = plain["access_token"].as_str().unwrap();
    refused(&userinfo(&tv, plain, &key(), |_| {}).await, 401, "invalid_token");
}

// A6: the request says which key will exchange its code.
#[tokio::test]
async fn a_code_is_bound_to_the_key_of_its_request() {
    let (world, person, _) = with_site(ClientAuth::None).await;
    let named = jkt(&key());
    let code = code_for(&world, &person, &[("dpop_jkt", &named)]).await;
    refused(&world.call(code::exchange(&code, &[])).await, 400, "invalid_grant");
    refused(&world.call(exchange(&world, &Signer::of(12), "1", &code)).await, 400, "invalid_grant");
    assert_eq!(world.call(exchange(&world, &key(), "2", &code)).await.status, 200, "it was not used up");
    let bad = world.call(Call::get(&format!("/oauth/authorize?{}", query(&with(&[("dpop_jkt", "short")])))));
    let location = bad.await.header("location").to_owned();
    assert_eq!(code::parameters(&location)["error"], "invalid_request");

    let pushed = world.call(post(&world, "/oauth/par", &key(), "3", &GOOD)).await;
    let brings = query(&[("client_id", SITE), ("request_uri", &pushed.text("request_uri"))]);
    let found = world.call(Call::get(&format!("/oauth/authorize?{brings}"))).await;
    let (_, sealed) = found.header("location").split_once("/authorize#").unwrap();
    let code = Page::begin(&world, sealed).await.approved_by(&world, &person).await;
    refused(&world.call(code::exchange(&code, &[])).await, 400, "invalid_grant");
    assert_eq!(world.call(exchange(&world, &key(), "4", &code)).await.status, 200);
    let other = jkt(&Signer::of(12));
    let pairs = with(&[("dpop_jkt", &other)]);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    refused(&world.call(post(&world, "/oauth/par", &key(), "5", &pairs)).await, 400, "invalid_request");
}

// A6: the polls of a device prove the key with which it began.
#[tokio::test]
async fn a_device_polls_with_the_key_with_which_it_began() {
    let (world, person) = with_tv().await;
    let path = "/oauth/device_authorization";
    let begun = world.call(post(&world, path, &key(), "1", &[("client_id", TV), ("scope", "openid")])).await;
    assert_eq!(begun.status, 200, "{}", begun.whole());
    let device_code = begun.text("device_code");
    let pairs = [("grant_type", DEVICE_GRANT), ("client_id", TV), ("device_code", device_code.as_str())];
    refused(&world.call(form("/oauth/token", &pairs)).await, 400, "invalid_grant");
    for _ in 0..2 {
        let pending = world.call(post(&world, "/oauth/token", &key(), "2", &pairs)).await;
        refused(&pending, 400, "authorization_pending");
        pass(&world, 5);
    }
    let qr = device_code.split('.').next().unwrap();
    for step in ["scan", "confirm"] {
        assert_eq!(pages::step(&world, step, &person, qr, &json!({})).await.status, 200);
    }
    refused(&world.call(form("/oauth/token", &pairs)).await, 400, "invalid_grant");
    refused(
        &world.call(post(&world, "/oauth/token", &Signer::of(12), "3", &pairs)).await,
        400,
        "invalid_grant",
    );
    let tokens = world.call(post(&world, "/oauth/token", &key(), "4", &pairs)).await;
    assert_eq!((tokens.status.as_u16(), tokens.text("token_type").as_str()), (200, "DPoP"));
    let bad = form(path, &[("client_id", TV)]).header("dpop", "x");
    refused(&world.call(bad).await, 400, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_client_with_a_secret_refreshes_with_any_key_and_asks_what_a_token_is_bound_to() {
    let (world, person, secret) = with_site(ClientAuth::ClientSecret).await;
    let own = |call: Call| call.header("authorization", &basic(SITE, &secret));
    let code = code_for(&world, &person, &[]).await;
    let tokens = world.call(own(exchange(&world, &key(), "1", &code))).await;
    let asked = own(form("/oauth/introspect", &[("token", &tokens.text("access_token"))]));
    let worth = world.call(asked).await.json();
    assert_eq!((&worth["token_type"], &worth["cnf"]), (&json!("DPoP"), &json!({"jkt": jkt(&key())})));
    let other = Signer::of(12);
    let next = world.call(own(refreshes(&world, &other, "2", &tokens.text("refresh_token")))).await;
    assert_eq!(claims(&next.text("access_token"))["cnf"]["jkt"], jkt(&other));
    let foreign = register_as(&world, "foreign", ClientAuth::ClientSecret);
    let asked = form("/oauth/introspect", &[("token", &next.text("access_token"))]);
    let asked = world.call(asked.header("authorization", &basic("foreign", &foreign))).await;
    assert_eq!(asked.json(), json!({"active": false}), "E17");
}
