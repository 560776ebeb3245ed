//! Clients whose tokens are signed with RS256, for verifiers that take nothing else (`docs/relying-parties.md`).

use acceptance::{Answer, Call, ISSUER, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use saoma_domain::ports::Clock;
use saoma_tokens::keyring::{RSA_FLOOR, RSA_PUBLISHED_BEFORE_USE};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Device, form, pass, refused};

const API: &str = "my-api";
const JWKS: &str = "/.well-known/jwks.json";

/// The checks that a JWT authorizer of an HTTP API makes, as AWS documents them ("Control access to HTTP APIs with JWT
/// authorizers in API Gateway"), written from that page alone.
struct Authorizer<'a> {
    issuer: &'a str,
    audiences: &'a [&'a str],
    /// The scopes of the route, of which the token must have one.
    scopes: &'a [&'a str],
}

impl Authorizer<'_> {
    fn check(&self, jwks: &Value, token: &str, now: u64) -> Result<(), &'static str> {
        let (message, signature) = token.rsplit_once('.').ok_or("no JWT")?;
        let (header, claims) = message.split_once('.').ok_or("no JWT")?;
        let read = |part: &str| -> Option<Value> { serde_json::from_slice(&decoded(part)?).ok() };
        let (header, claims) = (read(header).ok_or("header")?, read(claims).ok_or("claims")?);
        if header["alg"] != "RS256" {
            return Err("only algorithms of RSA are supported");
        }
        let keys = jwks["keys"].as_array().ok_or("no key set")?;
        let key = keys.iter().find(|key| key["kid"] == header["kid"]).ok_or("kid")?;
        let number = |name: &str| key[name].as_str().and_then(decoded).ok_or("no RSA key");
        let key = RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
        let signature = decoded(signature).ok_or("signature")?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).map_err(|_| "signature")?;
        let time = |name: &str| claims[name].as_u64();
        let audience = if claims["aud"].is_null() { &claims["client_id"] } else { &claims["aud"] };
        let listed = |it: &Value| it.as_str().is_some_and(|it| self.audiences.contains(&it));
        let meant = audience.as_array().map_or_else(|| listed(audience), |many| many.iter().any(listed));
        let scope = claims["scope"].as_str().unwrap_or_default();
        let granted = self.scopes.is_empty() || scope.split(' ').any(|it| self.scopes.contains(&it));
        let checks = [
            (claims["iss"] == self.issuer, "iss"),
            (meant, "aud"),
            (time("exp").is_some_and(|exp| now < exp), "exp"),
            (time("nbf").is_none_or(|nbf| nbf < now), "nbf"),
            (time("iat").is_some_and(|iat| iat < now), "iat"),
            (granted, "scope"),
        ];
        checks.iter().find(|(good, _)| !good).map_or(Ok(()), |(_, what)| Err(what))
    }
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn registration(id: &str, signed: &str) -> Value {
    json!({
        "do": "client.create", "id": id, "name": "My API", "dialect": "oauth", "auth": "none",
        "grants": ["device_code", "refresh_token"], "signed": signed,
    })
}

/// A world with an RSA key and a client that is registered for it, as an operator makes them.
async fn with_api() -> World {
    let world = World::default();
    let made = world.command(json!({"do": "keys.make", "kind": "RS256"})).await;
    assert_eq!((&made["ok"], made["keys"].as_array().unwrap().len()), (&json!(true), 1), "{made}");
    let made = world.command(registration(API, "RS256")).await;
    assert_eq!((&made["ok"], &made["client"]["signed"]), (&json!(true), &json!("RS256")), "{made}");
    world
}

/// The tokens of a login at a client.
async fn signed_in(world: &World, client: &'static str) -> (Device, Answer) {
    let person = world.sign_in("13800138000").await;
    let device = Device::begin_as(world, client, "openid profile offline_access").await;
    device.approved_by(world, &person).await;
    let tokens = device.poll(world).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    (device, tokens)
}

async fn keys(world: &World) -> Value {
    world.call(Call::get(JWKS)).await.json()
}

async fn userinfo(world: &World, token: &str) -> Answer {
    world.call(Call::get("/oauth/userinfo").bearer(token)).await
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&decoded(token.split('.').next().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn an_authorizer_of_an_http_api_takes_its_tokens() {
    let world = with_api().await;
    let (device, tokens) = signed_in(&world, API).await;
    let (jwks, now) = (keys(&world).await, world.clock.now().secs());
    let authorizer = Authorizer { issuer: ISSUER, audiences: &[API], scopes: &["profile"] };
    for kind in ["access_token", "id_token"] {
        let lenient =
            Authorizer { scopes: if kind == "id_token" { &[] } else { &["profile"] }, ..authorizer };
        assert_eq!(lenient.check(&jwks, &tokens.text(kind), now), Ok(()), "{kind}");
    }
    let access = tokens.text("access_token");
    assert_eq!(authorizer.check(&jwks, &access, now + 900), Err("exp"));
    for (other, what) in [
        (Authorizer { issuer: "https://other.example", ..authorizer }, "iss"),
        (Authorizer { audiences: &["other"], ..authorizer }, "aud"),
        (Authorizer { scopes: &["phone"], ..authorizer }, "scope"),
    ] {
        assert_eq!(other.check(&jwks, &access, now), Err(what));
    }
    // The screen's answer was lost: the same tokens, to the byte.
    assert_eq!(device.poll(&world).await.json(), tokens.json());
    assert_eq!(userinfo(&world, &access).await.status, 200, "and we take them ourselves");
    let asked = form(
        "/oauth/token",
        &[
            ("grant_type", "refresh_token"),
            ("client_id", API),
            ("refresh_token", &tokens.text("refresh_token")),
        ],
    );
    let next = world.call(asked).await;
    assert_eq!(authorizer.check(&jwks, &next.text("access_token"), world.clock.now().secs()), Ok(()));
}

#[tokio::test]
async fn everything_else_stays_es256() {
    let world = with_api().await;
    assert_eq!(world.command(registration("my-tv", "ES256")).await["ok"], true);
    let (_, tokens) = signed_in(&world, "my-tv").await;
    for kind in ["access_token", "id_token"] {
        assert_eq!(header(&tokens.text(kind))["alg"], "ES256", "{kind}");
    }
    assert_eq!(header(&world.sign_in("13900139000").await.token)["alg"], "ES256");
}

// W17
#[tokio::test]
async fn the_metadata_and_the_key_set_name_rs256_once_there_is_a_key() {
    let algorithms = async |world: &World| {
        let metadata = world.call(Call::get("/.well-known/openid-configuration")).await.json();
        metadata["id_token_signing_alg_values_supported"].clone()
    };
    let world = World::default();
    assert_eq!(algorithms(&world).await, json!(["ES256"]));
    world.command(json!({"do": "keys.make", "kind": "RS256"})).await;
    pass(&world, RSA_FLOOR.as_secs());
    assert_eq!(algorithms(&world).await, json!(["ES256", "RS256"]));
    let published = keys(&world).await;
    let rsa: Vec<&Value> =
        published["keys"].as_array().unwrap().iter().filter(|it| it["kty"] == "RSA").collect();
    assert_eq!(rsa.len(), 1);
    let mut names: Vec<_> = rsa[0].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"], "and nothing private");
    assert_eq!(
        (&rsa[0]["alg"], &rsa[0]["e"], &rsa[0]["use"]),
        (&json!("RS256"), &json!("AQAB"), &json!("sig"))
    );
}

#[tokio::test]
async fn a_client_is_not_registered_for_rs256_before_there_is_a_key() {
    let world = World::default();
    let refused = world.command(registration(API, "RS256")).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("no_rsa_key")), "{refused}");
    let refused = world.command(registration(API, "HS256")).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("bad_setting")), "{refused}");
}

#[tokio::test]
async fn the_first_key_is_made_once() {
    let world = World::default();
    let make = json!({"do": "keys.make", "kind": "RS256"});
    let (first, again) = (world.command(make.clone()).await, world.command(make).await);
    assert_eq!(first["keys"], again["keys"]);
    let none = World::default().command(json!({"do": "keys.rotate", "kind": "RS256"})).await;
    assert_eq!(none["code"], "no_key", "{none}");
}

// E4
#[tokio::test]
async fn a_key_verifies_with_its_own_algorithm_alone() {
    let world = with_api().await;
    let (_, tokens) = signed_in(&world, API).await;
    let access = tokens.text("access_token");
    let [_, claims, signature] = <[&str; 3]>::try_from(access.split('.').collect::<Vec<_>>()).unwrap();
    let published = keys(&world).await;
    let key = published["keys"].as_array().unwrap().iter().find(|it| it["kty"] == "RSA").unwrap();
    let with = |alg: &str| {
        let mut header = header(&access);
        header["alg"] = json!(alg);
        format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    for alg in ["ES256", "none", "PS256", "RS384", "HS256"] {
        refused(&userinfo(&world, &format!("{}.{signature}", with(alg))).await, 401, "invalid_token");
    }
    let message = with("HS256");
    let modulus = decoded(key["n"].as_str().unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&modulus).unwrap();
    mac.update(message.as_bytes());
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    refused(&userinfo(&world, &forged).await, 401, "invalid_token");
    refused(&userinfo(&world, &access[..access.len() - 4]).await, 401, "invalid_token");
}

// E13 K9
#[tokio::test]
async fn rsa_keys_are_rotated_and_dropped_as_the_others_are() {
    let world = with_api().await;
    let published = world.command(json!({"do": "keys.rotate", "kind": "RS256"})).await;
    assert_eq!(published["state"], "published", "{published}");
    pass(&world, RSA_PUBLISHED_BEFORE_USE.as_secs());
    let (_, before) = signed_in(&world, API).await;
    let promoted =
        world.command(json!({"do": "keys.rotate", "kind": "RS256", "version": published["version"]})).await;
    assert_eq!(promoted["state"], "current", "{promoted}");
    let fresh = world.beside();
    let (_, after) = signed_in(&fresh, API).await;
    let [old, new] = [&before, &after].map(|tokens| tokens.text("access_token"));
    assert_ne!(header(&old)["kid"], header(&new)["kid"], "the new key signs");
    for instance in [&world, &fresh] {
        for token in [&old, &new] {
            assert_eq!(userinfo(instance, token).await.status, 200);
        }
    }
    let previous =
        promoted["keys"].as_array().unwrap().iter().find(|it| it["stage"] == "AWSPREVIOUS").unwrap();
    let drop = json!({"do": "keys.drop", "kind": "RS256", "version": previous["version"]});
    assert_eq!(world.command(drop).await["dropped"], "previous");
    pass(&world, 300);
    refused(&userinfo(&world, &old).await, 401, "invalid_token");
    assert_eq!(userinfo(&world, &new).await.status, 200);
}

// E13
#[tokio::test]
async fn a_warm_instance_learns_of_the_first_key_when_it_needs_it() {
    let world = World::default();
    let warm = world.beside();
    world.command(json!({"do": "keys.make", "kind": "RS256"})).await;
    assert_eq!(world.command(registration(API, "RS256")).await["ok"], true);
    let (_, tokens) = signed_in(&warm, API).await;
    assert_eq!(header(&tokens.text("access_token"))["alg"], "RS256");
}
