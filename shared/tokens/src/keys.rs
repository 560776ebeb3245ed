//! The keys of a deployment at one moment: those derived from the versions of its secret, and its RSA keys if it has some.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{
        AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, RSAKeyParameters,
        ThumbprintHash,
    },
};
use p256::{SecretKey, elliptic_curve::sec1::ToSec1Point};
use saoma_domain::{
    client::{Client, Registration},
    issuer::TokenAlgorithm,
    ports::{KeyName, KeyedTag, SigningSecret},
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use thiserror::Error;

use crate::{TokenError, algorithms, rs256::StoredKey};

/// The longest token that is looked at, in bytes. Ours have about 600, and 860 with RS256; a sealed authorization request has
/// what its client put into it.
pub const LONGEST_TOKEN: usize = 6144;

/// Why no keys can be derived from a secret.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It is shorter than [`Keys::SHORTEST_SECRET`], so the template did not generate it.
    #[error("the signing secret has fewer than {} characters", Keys::SHORTEST_SECRET)]
    TooShort,
    /// The derivation failed. No secret causes this.
    #[error("no key could be derived")]
    Underivable,
    /// It is no RSA key of 2048 bits or more, as a PEM text of PKCS #8.
    #[error("the secret for RS256 holds no RSA key")]
    NotRsa,
}

/// The keys of the versions that count: the current one signs, all verify. They never change; a
/// [`Keyring`](crate::Keyring) replaces them.
#[derive(Clone)]
pub struct Keys {
    /// The current version's come first, then the pending one's, then the previous one's.
    versions: Vec<VersionKeys>,
    /// The RSA keys in the same order; none where the deployment has no RSA key.
    rsa: Vec<KeyPair>,
}

/// The keys of one version of the secret.
#[derive(Clone)]
struct VersionKeys {
    name: KeyName,
    pair: KeyPair,
    hash: [u8; 32],
}

#[derive(Clone)]
struct KeyPair {
    kid: String,
    /// The one algorithm this key signs and verifies with (RFC 8725 section 3.1).
    algorithm: Algorithm,
    signing: EncodingKey,
    verifying: DecodingKey,
    /// The public key as it is published (RFC 7517 section 4).
    published: Jwk,
}

/// A token whose key and type are checked, and whose signature is not.
pub(crate) struct Unverified<'a> {
    text: &'a str,
    kid: String,
}

impl<'a> Unverified<'a> {
    /// Reads the header of a token of this `typ` (RFC 8725 section 3.11).
    pub(crate) fn read(typ: &str, text: &'a str) -> Result<Self, TokenError> {
        if text.len() > LONGEST_TOKEN {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(text).map_err(|_| TokenError::Invalid)?;
        if header.typ.as_deref() != Some(typ) {
            return Err(TokenError::Invalid);
        }
        Ok(Self { text, kid: header.kid.ok_or(TokenError::Invalid)? })
    }

    /// The name of the key that it says it was signed with.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }
}

impl Keys {
    /// The fewest characters a secret may have. The template generates 64.
    pub const SHORTEST_SECRET: usize = 32;

    /// Derives the keys (HKDF-SHA256, RFC 5869) of every version that counts.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn derive(secret: &SigningSecret) -> Result<Self, KeyError> {
        algorithms::install();
        let versions = secret.versions().map(|(_, version)| VersionKeys::derive(&version.text));
        Ok(Self { versions: versions.collect::<Result<_, _>>()?, rsa: Vec::new() })
    }

    /// The same keys, and the RSA keys of every version of the secret that holds those.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`].
    pub fn with_rsa(&self, secret: &SigningSecret) -> Result<Self, KeyError> {
        let pairs = secret.versions().map(|(_, version)| KeyPair::rsa(&version.text));
        Ok(Self { rsa: pairs.collect::<Result<_, _>>()?, ..self.clone() })
    }

    /// The same keys, with the RSA keys of others.
    pub(crate) fn with_rsa_of(&self, others: &Self) -> Self {
        Self { rsa: others.rsa.clone(), ..self.clone() }
    }

    /// The `kid` under which the key of a secret's version is published.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn kid_of(algorithm: TokenAlgorithm, text: &str) -> Result<String, KeyError> {
        algorithms::install();
        let pair = match algorithm {
            TokenAlgorithm::Es256 => KeyPair::derive(text),
            TokenAlgorithm::Rs256 => KeyPair::rsa(text),
        };
        Ok(pair?.kid)
    }

    /// Whether tokens can be signed with this algorithm.
    pub(crate) fn signs_with(&self, algorithm: TokenAlgorithm) -> bool {
        self.signing(algorithm).is_some()
    }

    /// The published key set (RFC 7517 section 5): the public keys, current first.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.pairs().map(|pair| pair.published.clone()).collect() }
    }

    /// Whether a token with this `kid` can be checked.
    pub(crate) fn has_kid(&self, kid: &str) -> bool {
        self.pairs().any(|pair| pair.kid == kid)
    }

    /// Whether a keyed hash under this key can be checked.
    pub(crate) fn has_name(&self, name: &KeyName) -> bool {
        self.versions.iter().any(|version| version.name == *name)
    }

    /// The name of the current version's keys.
    pub(crate) fn current_name(&self) -> KeyName {
        self.current().name.clone()
    }

    /// The names of all versions' keys, the current one first.
    pub(crate) fn names(&self) -> Vec<KeyName> {
        self.versions.iter().map(|version| version.name.clone()).collect()
    }

    /// The keys that sign calls to a client's server: the current one first, then those of the other versions and of
    /// the client's previous registration, as long as those count. No table holds them, so a dump of the tables
    /// forges no call. Another registration of the same id has other keys (`docs/security.md` K4).
    pub(crate) fn webhook_keys(&self, client: &Client, now: Timestamp) -> Vec<[u8; 32]> {
        let of = |registration: &Registration| {
            let parts = [client.id.as_str(), registration.as_str()];
            self.versions.iter().map(|it| keyed_hash(&it.hash, "webhook", &parts)).collect::<Vec<_>>()
        };
        client.registrations(now).flat_map(of).collect()
    }

    /// A keyed hash under the current key.
    pub(crate) fn tag(&self, purpose: &str, parts: &[&str]) -> KeyedTag {
        self.current().tag(purpose, parts)
    }

    /// A keyed hash under the named key.
    pub(crate) fn tag_under(&self, name: &KeyName, purpose: &str, parts: &[&str]) -> Option<KeyedTag> {
        let named = self.versions.iter().find(|version| version.name == *name);
        named.map(|version| version.tag(purpose, parts))
    }

    /// Signs claims under the current key of an algorithm, as a token of this `typ` (RFC 8725 section 3.11).
    pub(crate) fn sign(
        &self,
        algorithm: TokenAlgorithm,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, TokenError> {
        let KeyPair { kid, algorithm, signing, .. } =
            self.signing(algorithm).ok_or(TokenError::Unsignable)?;
        let header = Header { typ: Some(typ.to_owned()), kid: Some(kid.clone()), ..Header::new(*algorithm) };
        jsonwebtoken::encode(&header, claims, signing).map_err(|_| TokenError::Unsignable)
    }

    /// The claims of a token that one of our keys signed. They count as unverified until the caller has checked their
    /// audience and their time.
    pub(crate) fn open<C: DeserializeOwned>(&self, token: &Unverified<'_>) -> Result<C, TokenError> {
        let pair = self.pairs().find(|pair| pair.kid == token.kid).ok_or(TokenError::Invalid)?;
        // The header does not choose the algorithm: only the key's own is allowed.
        let mut signature_only = Validation::new(pair.algorithm);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        let data = jsonwebtoken::decode::<C>(token.text, &pair.verifying, &signature_only)
            .map_err(|_| TokenError::Invalid)?;
        Ok(data.claims)
    }

    /// The pair that signs with an algorithm.
    fn signing(&self, algorithm: TokenAlgorithm) -> Option<&KeyPair> {
        match algorithm {
            TokenAlgorithm::Es256 => Some(&self.current().pair),
            TokenAlgorithm::Rs256 => self.rsa.first(),
        }
    }

    /// All pairs: those that sign come before those that only verify, of each kind.
    fn pairs(&self) -> impl Iterator<Item = &KeyPair> {
        self.versions.iter().map(|version| &version.pair).chain(&self.rsa)
    }

    fn current(&self) -> &VersionKeys {
        let Some(current) = self.versions.first() else { unreachable!("a secret has a current version") };
        current
    }
}

impl VersionKeys {
    fn derive(secret: &str) -> Result<Self, KeyError> {
        let pair = KeyPair::derive(secret)?;
        Ok(Self { name: KeyName::of_kid(&pair.kid), pair, hash: derive_hash_key(secret)? })
    }

    fn tag(&self, purpose: &str, parts: &[&str]) -> KeyedTag {
        KeyedTag { key: self.name.clone(), hash: keyed_hash(&self.hash, purpose, parts) }
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

    fn rsa(pem: &str) -> Result<Self, KeyError> {
        let StoredKey { signing, modulus, exponent } = StoredKey::read(pem).ok_or(KeyError::NotRsa)?;
        let text = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let key = RSAKeyParameters { n: text(&modulus), e: text(&exponent), ..RSAKeyParameters::default() };
        let common = CommonParameters {
            key_algorithm: Some(KeyAlgorithm::RS256),
            public_key_use: Some(PublicKeyUse::Signature),
            ..CommonParameters::default()
        };
        let mut published = Jwk { common, algorithm: AlgorithmParameters::RSA(key) };
        let kid = published.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::NotRsa)?;
        published.common.key_id = Some(kid.clone());
        let verifying = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
        Ok(Self { kid, algorithm: Algorithm::RS256, signing, verifying, published })
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
        f.debug_list().entries(self.pairs().map(|pair| &pair.kid)).finish()
    }
}
