//! A token, verified as a third party would: with the published keys alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde_json::Value;

use crate::{screen::Screen, service::Service};

/// The claims of an access token whose signature is good (RFC 7515, RFC 7518 section 3.4, RFC 9068).
pub(crate) async fn verified(service: &Service, token: &str) -> Value {
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("no JWT") };
    let header: Value = serde_json::from_slice(&decode(head)).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&"ES256".into(), &"at+jwt".into()), "{header}");

    let published = Screen::new(service).get("/.well-known/jwks.json").await.good().json();
    let keys = published["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key is published");
    let point = [vec![4], decode(key["x"].as_str().unwrap()), decode(key["y"].as_str().unwrap())].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    key.verify(format!("{head}.{claims}").as_bytes(), &signature).expect("the signature is good");

    let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
    assert_eq!(claims["iss"], service.url.as_str());
    claims
}

fn decode(base64url: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(base64url).unwrap()
}
