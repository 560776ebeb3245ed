//! A client that signs with a key of its own, made here from a seed.

use acceptance::World;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::sec1::ToSec1Point,
};
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

/// The `client_assertion_type` of RFC 7523.
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) struct Signer(SecretKey);

impl Signer {
    pub(crate) fn of(seed: u8) -> Self {
        Self(SecretKey::from_slice(&[seed; 32]).unwrap())
    }

    /// The public key.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().to_sec1_point(false);
        let text = |range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
        json!({"kty": "EC", "crv": "P-256", "x": text(1..33), "y": text(33..65)})
    }

    /// The private key, which no request may contain.
    pub(crate) fn private_jwk(&self) -> Value {
        let mut jwk = self.jwk();
        jwk["d"] = json!(URL_SAFE_NO_PAD.encode(self.0.to_bytes()));
        jwk
    }

    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature: Signature = SigningKey::from(&self.0).sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// A good assertion with this id.
    pub(crate) fn assertion(&self, world: &World, client: &str, id: &str) -> String {
        self.signed(&json!({"alg": "ES256"}), &assertion(world, client, id))
    }
}

/// The claims of a good assertion.
pub(crate) fn assertion(world: &World, client: &str, id: &str) -> Value {
    let now = world.clock.now().secs();
    json!({
        "iss": client, "sub": client, "aud": acceptance::ISSUER, "jti": id, "iat": now, "exp": now + 60,
    })
}
