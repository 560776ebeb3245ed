//! The keys of a deployment, all derived from one generated secret.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use p256::{SecretKey, elliptic_curve::sec1::ToSec1Point};
use saoma_domain::{
    client::{Client, Registration},
    ports::KeyedHash,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use thiserror::Error;

use crate::{TokenError, es256};

/// The longest token that is looked at, in bytes. Ours have about 600.
const LONGEST_TOKEN: usize = 4096;

/// Why no keys can be derived from a secret.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It is shorter than [`Keys::SHORTEST_SECRET`], so the template did not generate it.
    #[error("the signing secret has fewer than {} characters", Keys::SHORTEST_SECRET)]
    TooShort,
    /// The derivation failed. No secret causes this.
    #[error("no key could be derived")]
    Underivable,
}

/// The keys of a deployment: the current one signs, both verify.
pub struct Keys {
    current: KeyPair,
    previous: Option<KeyPair>,
    hash_key: [u8; 32],
    previous_hash_key: Option<[u8; 32]>,
}

struct KeyPair {
    kid: String,
    /// The one algorithm this key signs and verifies with (RFC 8725 section 3.1).
    algorithm: Algorithm,
    signing: EncodingKey,
    verifying: DecodingKey,
    /// The public key as it is published (RFC 7517 section 4).
    published: Jwk,
}

impl Keys {
    /// The fewest characters a secret may have. The template generates 64.
    pub const SHORTEST_SECRET: usize = 32;

    /// Derives the keys (HKDF-SHA256, RFC 5869). `previous` is the secret before the last rotation.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn derive(current: &str, previous: Option<&str>) -> Result<Self, KeyError> {
        es256::install();
        Ok(Self {
            current: KeyPair::derive(current)?,
            previous: previous.map(KeyPair::derive).transpose()?,
            hash_key: derive_hash_key(current)?,
            previous_hash_key: previous.map(derive_hash_key).transpose()?,
        })
    }

    /// The published key set (RFC 7517 section 5): the public keys, current first.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.pairs().map(|pair| pair.published.clone()).collect() }
    }

    fn pairs(&self) -> impl Iterator<Item = &KeyPair> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The keys that sign calls to a client's server: the current one first, then those of the previous secret and
    /// of the client's previous registration, as long as those count. No table holds them, so a dump of the tables
    /// forges no call. Another registration of the same id has other keys (`docs/security.md` K4).
    #[must_use]
    pub fn webhook_keys(&self, client: &Client, now: Timestamp) -> Vec<[u8; 32]> {
        let secrets = || std::iter::once(&self.hash_key).chain(&self.previous_hash_key);
        let of = |registration: &Registration| {
            let parts = [client.id.as_str(), registration.as_str()];
            secrets().map(|key| keyed_hash(key, "webhook", &parts)).collect::<Vec<_>>()
        };
        client.registrations(now).flat_map(of).collect()
    }

    /// Signs claims under the current key, as a token of this `typ` (RFC 8725 section 3.11).
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, TokenError> {
        let KeyPair { kid, algorithm, signing, .. } = &self.current;
        let header = Header { typ: Some(typ.to_owned()), kid: Some(kid.clone()), ..Header::new(*algorithm) };
        jsonwebtoken::encode(&header, claims, signing).map_err(|_| TokenError::Unsignable)
    }

    /// The claims of a token that one of our keys signed as a token of this `typ`. They count as unverified until
    /// the caller has checked their audience and their time.
    pub(crate) fn open<C: DeserializeOwned>(&self, typ: &str, token: &str) -> Result<C, TokenError> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let named = |pair: &&KeyPair| header.kid.as_deref() == Some(pair.kid.as_str());
        let pair = self.pairs().find(named).ok_or(TokenError::Invalid)?;
        if header.typ.as_deref() != Some(typ) {
            return Err(TokenError::Invalid);
        }
        // The header does not choose the algorithm: only the key's own is allowed.
        let mut signature_only = Validation::new(pair.algorithm);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        let data = jsonwebtoken::decode::<C>(token, &pair.verifying, &signature_only)
            .map_err(|_| TokenError::Invalid)?;
        Ok(data.claims)
    }
}

impl KeyPair {
    fn derive(secret: &str) -> Result<Self, KeyError> {
        let key = derive_scalar(secret)?;
        let algorithm = Algorithm::ES256;
        let verifying = DecodingKey::from_ec_der(key.public_key().to_sec1_point(false).as_bytes());
        let mut published =
            Jwk::from_decoding_key(&verifying, Some(algorithm)).map_err(|_| KeyError::Underivable)?;
        // The key's name is its RFC 7638 thumbprint.
        let kid = published.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::Underivable)?;
        published.common.key_id = Some(kid.clone());
        published.common.public_key_use = Some(PublicKeyUse::Signature);
        let signing = EncodingKey::from_ec_der(&key.to_bytes());
        Ok(Self { kid, algorithm, signing, verifying, published })
    }
}

fn derive_hash_key(secret: &str) -> Result<[u8; 32], KeyError> {
    let mut key = [0; 32];
    expand(secret, b"saoma keyed hash v1", &mut key)?;
    Ok(key)
}

/// A P-256 scalar: the first valid one in a sequence of derived 32-byte strings. All but one in 2^32 are valid.
fn derive_scalar(secret: &str) -> Result<SecretKey, KeyError> {
    for attempt in 0..=u8::MAX {
        let mut scalar = [0; 32];
        expand(secret, &[b"saoma es256 v1 ".as_slice(), &[attempt]].concat(), &mut scalar)?;
        if let Ok(key) = SecretKey::from_slice(&scalar) {
            return Ok(key);
        }
    }
    Err(KeyError::Underivable)
}

fn expand(secret: &str, info: &[u8], out: &mut [u8]) -> Result<(), KeyError> {
    if secret.len() < Keys::SHORTEST_SECRET {
        return Err(KeyError::TooShort);
    }
    Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(info, out).map_err(|_| KeyError::Underivable)
}

impl KeyedHash for Keys {
    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        keyed_hash(&self.hash_key, purpose, parts)
    }
}

fn keyed_hash(key: &[u8; 32], purpose: &str, parts: &[&str]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    for part in std::iter::once(&purpose).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.current.kid)
    }
}
