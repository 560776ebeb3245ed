//! `/.well-known/*` (`docs/accounts.md`).

use acceptance::{Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use saoma_domain::client::{Client, ReturnUrl};
use serde_json::{Value, json};

use crate::web::basic;

const JWKS: &str = "/.well-known/jwks.json";

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// Verifies as a third party would, with the published keys alone. Returns the header.
fn verify(jwks: &Value, token: &str) -> Value {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    let jwk = keys.iter().find(|jwk| jwk["kid"] == header["kid"]).unwrap();
    let coordinate = |name: &str| decode(jwk[name].as_str().unwrap());
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    key.verify(message.as_bytes(), &Signature::from_slice(&decode(signature)).unwrap()).unwrap();
    assert_eq!(header["alg"], jwk["alg"]);
    header
}

#[tokio::test]
async fn the_key_set_is_published() {
    assert_snapshot!(World::default().call(Call::get(JWKS)).await.whole());
}

#[tokio::test]
async fn nothing_private_is_published() {
    let answer = World::default().call(Call::get(JWKS)).await;
    for key in answer.json()["keys"].as_array().unwrap() {
        let mut names: Vec<_> = key.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
}

#[tokio::test]
async fn every_kind_of_token_verifies_against_the_published_keys() {
    let world = World::default();
    let jwks = world.call(Call::get(JWKS)).await.json();
    let phone = world.sign_in("13800138000").await;
    assert_eq!(verify(&jwks, &phone.token)["typ"], "at+jwt");

    let kiosk = world.call(Call::post("/api/qrCode/createLoginQrCode")).await;
    let id = kiosk.text("id");
    for step in ["scan", "bind"] {
        world.call(Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).bearer(&phone.token)).await;
    }
    let poll =
        Call::post(&format!("/api/qrCode/getLoginQrCode/{id}")).header("token", &kiosk.text("pollToken"));
    assert_eq!(verify(&jwks, &world.call(poll).await.text("memberToken"))["typ"], "at+jwt");

    let secret = world.register_client("SHOP", |client| Client {
        return_url: ReturnUrl::parse("https://shop.example/in"),
        ..client
    });
    let qr = world.call(Call::get("/qr/code?client=SHOP")).await;
    let code = json!({"code": qr.text("text")});
    for step in ["lock", "activate"] {
        world.call(Call::post(&format!("/qr/{step}")).bearer(&phone.token).json(&code)).await;
    }
    let url = world.call(Call::get("/qr/login").header("token", &qr.text("pollToken"))).await.text("url");
    let ticket = url.strip_prefix("https://shop.example/in?ticket=").unwrap();
    assert_eq!(verify(&jwks, ticket)["typ"], "ticket+jwt");

    let exchange = Call::post("/qr/ticket").header("authorization", &basic("SHOP", secret.reveal()));
    let exchanged = world.call(exchange.json(&json!({"ticket": ticket}))).await;
    assert_eq!(verify(&jwks, &exchanged.text("access_token"))["typ"], "at+jwt");
}
