//! The public keys of strangers, and the tokens that they sign: a client's assertions (RFC 7523), proofs of possession
//! (RFC 9449), and the tokens of other issuers.
//!
//! * [`ForeignKey`]: a public JWK (RFC 7517) of one of two kinds: P-256, which verifies ES256, or RSA with 2048 to 4096
//!   bits, which verifies RS256. The key's own kind chooses the algorithm. The header of a token must name the same one,
//!   and chooses nothing (RFC 8725 section 3.1).
//! * [`ForeignKeys`]: a few of them, such as a key set.
//! * [`ForeignToken`]: a signed JWT. Reading it verifies nothing; [`ForeignToken::open`] verifies its signature.
//!
//! The claims stay unverified until the caller has checked them: issuer, audience, times, `jti`. Our own tokens are
//! verified by [`Keyring`](crate::Keyring) alone, which knows no foreign key.
//!
//! ```
//! # use saoma_tokens::foreign::{ForeignKeys, ForeignToken};
//! #[derive(serde::Deserialize)]
//! struct UnverifiedClaims {
//!     iss: String,
//!     exp: u64,
//! }
//!
//! fn read(key_set: &str, token: &str) -> Option<UnverifiedClaims> {
//!     let keys = ForeignKeys::published(key_set).ok()?;
//!     ForeignToken::read(token).ok()?.open(&keys).ok()
//! }
//! # assert!(read("{}", "").is_none());
//! ```

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use saoma_domain::time::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Number, Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::keys::LONGEST_TOKEN;

/// The longest text of a key set that is read, in bytes.
pub const LONGEST_KEY_SET: usize = 16 * 1024;
/// The most keys of a set that are kept.
pub const MOST_KEYS: usize = 16;
/// The bytes of an RSA modulus: 2048 to 4096 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// The most bytes of an RSA exponent. The common one has three.
const LONGEST_EXPONENT: usize = 4;
/// The longest `kid`, in bytes.
const LONGEST_KID: usize = 256;

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ForeignKeyError {
    /// It is no JWK, or no set of them.
    #[error("not a public JWK or a set of them")]
    Malformed,
    /// It is of another kind or size than those that are verified here, or is not for signatures.
    #[error("not a P-256 key for ES256 or an RSA key of 2048 to 4096 bits for RS256")]
    Unsupported,
    /// It is a private key. Its owner has just given it away.
    #[error("a private key")]
    Private,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ForeignTokenError {
    /// None of the keys has the `kid` that the token names.
    #[error("the token names a key that is not known")]
    UnknownKey,
    /// It is no JWT, or no key verifies it with the key's own algorithm.
    #[error("the token is not valid")]
    Invalid,
}

/// What a foreign key verifies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignAlgorithm {
    /// ECDSA over P-256 with SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    Rs256,
}

impl ForeignAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Es256, Self::Rs256];

    /// Its `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

/// A public key of a stranger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    P256 { x: Vec<u8>, y: Vec<u8>, key: Box<VerifyingKey> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A JWK as it comes. Members that say nothing here are ignored.
#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// The private part of both kinds.
    d: Option<Value>,
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<Value>,
}

impl ForeignKey {
    /// Reads a public JWK.
    ///
    /// # Errors
    /// [`ForeignKeyError`].
    pub fn read(jwk: &Value) -> Result<Self, ForeignKeyError> {
        let raw = RawKey::deserialize(jwk).map_err(|_| ForeignKeyError::Malformed)?;
        if raw.d.is_some() {
            return Err(ForeignKeyError::Private);
        }
        let signs = raw.r#use.as_deref().is_none_or(|usage| usage == "sig");
        let short = raw.kid.as_ref().is_none_or(|kid| kid.len() <= LONGEST_KID);
        let material = match raw.kty.as_str() {
            "EC" => Material::p256(&raw),
            "RSA" => Material::rsa(&raw),
            _ => None,
        };
        let key = material.filter(|_| signs && short).map(|material| Self { kid: raw.kid, material });
        let key = key.ok_or(ForeignKeyError::Unsupported)?;
        // A key that names an algorithm is for that one alone.
        let is_own = raw.alg.is_none_or(|alg| alg == key.algorithm().as_str());
        if is_own { Ok(key) } else { Err(ForeignKeyError::Unsupported) }
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that it verifies with.
    #[must_use]
    pub const fn algorithm(&self) -> ForeignAlgorithm {
        match self.material {
            Material::P256 { .. } => ForeignAlgorithm::Es256,
            Material::Rsa { .. } => ForeignAlgorithm::Rs256,
        }
    }

    /// The hash that names this key and no other: its SHA-256 thumbprint in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // The required members in the order of their names, without white space.
        let canonical = match &self.material {
            Material::P256 { x, y, .. } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
            }
            Material::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n)),
        };
        text(&Sha256::digest(canonical))
    }

    /// The key as a public JWK, with nothing but what was read of it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.material {
            Material::P256 { x, y, .. } => json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)}),
            Material::Rsa { n, e } => json!({"kty": "RSA", "n": text(n), "e": text(e)}),
        };
        if let (Some(members), Some(kid)) = (jwk.as_object_mut(), &self.kid) {
            members.insert("kid".to_owned(), kid.as_str().into());
        }
        jwk
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256 { key, .. } => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Material::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

impl Material {
    fn p256(raw: &RawKey) -> Option<Self> {
        let (x, y) = (decoded(raw.x.as_deref()?)?, decoded(raw.y.as_deref()?)?);
        if raw.crv.as_deref() != Some("P-256") || x.len() != 32 || y.len() != 32 {
            return None;
        }
        // An uncompressed point (SEC 1 section 2.3.3). One that is not on the curve is refused.
        let point = [&[4], x.as_slice(), &y].concat();
        let key = Box::new(VerifyingKey::from_sec1_bytes(&point).ok()?);
        Some(Self::P256 { x, y, key })
    }

    fn rsa(raw: &RawKey) -> Option<Self> {
        let (n, e) = (decoded(raw.n.as_deref()?)?, decoded(raw.e.as_deref()?)?);
        let fits = MODULUS.contains(&n.len()) && (1..=LONGEST_EXPONENT).contains(&e.len());
        // No leading zero: one key has one spelling, and so one thumbprint. And the modulus has no fewer bits than it seems.
        let plain = n.first().is_some_and(|byte| byte.leading_zeros() == 0) && e.first() != Some(&0);
        (fits && plain).then_some(Self::Rsa { n, e })
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The public keys of one stranger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignKeys(Vec<ForeignKey>);

impl ForeignKeys {
    /// Reads what an operator registers: a JWK or a JWK Set, as text. Every key of it must be good.
    ///
    /// # Errors
    /// [`ForeignKeyError`].
    pub fn registered(text: &str) -> Result<Self, ForeignKeyError> {
        let keys = keys_of(text)?.iter().map(ForeignKey::read).collect::<Result<Vec<_>, _>>()?;
        let some = (1..=MOST_KEYS).contains(&keys.len());
        if some { Ok(Self(keys)) } else { Err(ForeignKeyError::Malformed) }
    }

    /// Reads a JWK Set that others publish. Keys of other kinds are left out (RFC 7517 section 5), and so are those after
    /// [`MOST_KEYS`].
    ///
    /// # Errors
    /// [`ForeignKeyError`], also when no key of it is good.
    pub fn published(text: &str) -> Result<Self, ForeignKeyError> {
        let keys = keys_of(text)?;
        let good: Vec<_> = keys.iter().filter_map(|key| ForeignKey::read(key).ok()).take(MOST_KEYS).collect();
        if good.is_empty() { Err(ForeignKeyError::Unsupported) } else { Ok(Self(good)) }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[ForeignKey] {
        &self.0
    }

    /// The set as text, with nothing but what was read of it.
    #[must_use]
    pub fn to_text(&self) -> String {
        json!({"keys": self.0.iter().map(ForeignKey::jwk).collect::<Vec<_>>()}).to_string()
    }
}

fn keys_of(text: &str) -> Result<Vec<Value>, ForeignKeyError> {
    let short = Some(text).filter(|text| text.len() <= LONGEST_KEY_SET).ok_or(ForeignKeyError::Malformed)?;
    let value: Value = serde_json::from_str(short).map_err(|_| ForeignKeyError::Malformed)?;
    if value.get("keys").is_none() {
        return Ok(vec![value]);
    }
    RawKeys::deserialize(value).map(|set| set.keys).map_err(|_| ForeignKeyError::Malformed)
}

/// The header of a token. Nothing of it is verified.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    jwk: Option<Value>,
    /// Extensions that must be understood. None is.
    crit: Option<Value>,
}

/// A JWT that a stranger has signed, by its own account.
pub struct ForeignToken<'a> {
    header: Header,
    /// What is signed.
    message: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> ForeignToken<'a> {
    /// Reads the header of a token with at most [`LONGEST_TOKEN`] bytes.
    ///
    /// # Errors
    /// [`ForeignTokenError::Invalid`].
    pub fn read(text: &'a str) -> Result<Self, ForeignTokenError> {
        let read = || {
            let (message, signature) = text.rsplit_once('.').filter(|_| text.len() <= LONGEST_TOKEN)?;
            let (header, claims) = message.split_once('.').filter(|(_, claims)| !claims.contains('.'))?;
            let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
            let signature = decoded(signature)?;
            header.crit.is_none().then_some(Self { header, message, claims, signature })
        };
        read().ok_or(ForeignTokenError::Invalid)
    }

    /// The `kid` that its header names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The `typ` of its header.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// The `jwk` of its header: a key that its sender chose, so it proves nothing but that the sender has the private part.
    #[must_use]
    pub fn jwk(&self) -> Option<&Value> {
        self.header.jwk.as_ref()
    }

    /// What it says, verified by nothing. Use it to find the keys that verify it.
    ///
    /// # Errors
    /// [`ForeignTokenError::Invalid`].
    pub fn unverified<C: DeserializeOwned>(&self) -> Result<C, ForeignTokenError> {
        let claims = decoded(self.claims).ok_or(ForeignTokenError::Invalid)?;
        serde_json::from_slice(&claims).map_err(|_| ForeignTokenError::Invalid)
    }

    /// Its claims, if one of the keys signed it. Of a token with a `kid`, the keys of that name and those without a name
    /// are tried; of one without, all.
    ///
    /// # Errors
    /// [`ForeignTokenError`].
    pub fn open<C: DeserializeOwned>(&self, keys: &ForeignKeys) -> Result<C, ForeignTokenError> {
        let named = |key: &&ForeignKey| match (self.kid(), key.kid()) {
            (Some(token), Some(key)) => token == key,
            _ => true,
        };
        let mut named = keys.0.iter().filter(named).peekable();
        if named.peek().is_none() {
            return Err(ForeignTokenError::UnknownKey);
        }
        named.find_map(|key| self.open_with(key).ok()).ok_or(ForeignTokenError::Invalid)
    }

    /// Its claims, if this key signed it, with its own algorithm.
    ///
    /// # Errors
    /// [`ForeignTokenError::Invalid`].
    pub fn open_with<C: DeserializeOwned>(&self, key: &ForeignKey) -> Result<C, ForeignTokenError> {
        let own = self.header.alg == key.algorithm().as_str();
        if !own || !key.verifies(self.message.as_bytes(), &self.signature) {
            return Err(ForeignTokenError::Invalid);
        }
        self.unverified()
    }
}

/// `aud`: one or several (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        };
        all.iter().map(String::as_str)
    }
}

/// A moment as JWTs write it: seconds, which may have a fraction (RFC 7519 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate(pub Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let whole = number.as_u64().or_else(|| {
            // More digits than a date has: such a number is refused, and the others are cut without loss.
            let seconds = number.as_f64().filter(|it| (0.0..1e12).contains(it))?;
            format!("{:.0}", seconds.floor()).parse().ok()
        });
        let whole = whole.filter(|seconds| *seconds < 1_000_000_000_000);
        whole.map(|seconds| Self(Timestamp::from_secs(seconds))).ok_or_else(|| D::Error::custom("no moment"))
    }
}

#[cfg(test)]
mod tests {
    use p256::{
        SecretKey,
        ecdsa::{SigningKey, signature::Signer},
        elliptic_curve::sec1::ToSec1Point,
    };

    use super::*;

    /// RFC 7515 appendix A.2: the key's modulus, and a token that it signed.
    const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn rsa() -> Value {
        json!({"kty": "RSA", "n": MODULUS, "e": "AQAB"})
    }

    fn pair(seed: u8) -> (SigningKey, Value) {
        let secret = SecretKey::from_slice(&[seed; 32]).unwrap();
        let point = secret.public_key().to_sec1_point(false);
        let text = |range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": text(1..33), "y": text(33..65)});
        (SigningKey::from(&secret), jwk)
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature: Signature = key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    fn opened(token: &str, keys: &[&Value]) -> Result<Value, ForeignTokenError> {
        let keys = ForeignKeys::registered(&json!({"keys": keys}).to_string()).unwrap();
        ForeignToken::read(token)?.open(&keys)
    }

    fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
        key[name] = value.into();
        key
    }

    #[test]
    fn a_key_verifies_with_its_own_algorithm_alone() {
        assert_eq!(opened(SIGNED, &[&rsa()]).unwrap()["iss"], "joe");
        let (key, jwk) = pair(7);
        let claims = json!({"iss": "us"});
        let good = signed(&key, &json!({"alg": "ES256"}), &claims);
        assert_eq!(opened(&good, &[&rsa(), &jwk]), Ok(claims.clone()));
        for alg in ["RS256", "none", "HS256", "es256", "ES384", ""] {
            let odd = signed(&key, &json!({"alg": alg}), &claims);
            assert_eq!(opened(&odd, &[&jwk, &rsa()]), Err(ForeignTokenError::Invalid), "{alg}");
        }
        let (message, _) = good.rsplit_once('.').unwrap();
        for forged in
            [format!("{message}."), format!("{message}.AAAA"), message.to_owned(), format!("{good}.x")]
        {
            assert!(opened(&forged, &[&jwk]).is_err(), "{forged}");
        }
        assert_eq!(opened(&good, &[&pair(8).1]), Err(ForeignTokenError::Invalid));
        let critical = signed(&key, &json!({"alg": "ES256", "crit": ["exp"]}), &claims);
        assert_eq!(opened(&critical, &[&jwk]), Err(ForeignTokenError::Invalid));
        assert!(ForeignToken::read(&format!("{good}{}", "x".repeat(LONGEST_TOKEN))).is_err());
    }

    #[test]
    fn a_name_chooses_among_the_keys_that_have_one() {
        let (key, plain) = pair(7);
        let token = signed(&key, &json!({"alg": "ES256", "kid": "a"}), &json!({}));
        let (a, b) = (with(plain.clone(), "kid", "a"), with(plain.clone(), "kid", "b"));
        assert!(opened(&token, &[&a]).is_ok() && opened(&token, &[&plain]).is_ok());
        assert_eq!(opened(&token, &[&b]), Err(ForeignTokenError::UnknownKey));
        let nameless = signed(&key, &json!({"alg": "ES256"}), &json!({}));
        assert!(opened(&nameless, &[&b]).is_ok());
    }

    #[test]
    fn only_plain_public_keys_are_read() {
        use ForeignKeyError::{Malformed, Private, Unsupported};
        let (_, ec) = pair(7);
        let short = URL_SAFE_NO_PAD.encode([0xFF; 255]);
        let long = URL_SAFE_NO_PAD.encode([0xFF; 513]);
        let zero = URL_SAFE_NO_PAD.encode([&[0], &[0xFF; 256][..]].concat());
        for (key, why) in [
            (with(rsa(), "n", short), Unsupported),
            (with(rsa(), "n", long), Unsupported),
            (with(rsa(), "n", zero), Unsupported),
            (with(rsa(), "e", "AAEAAQ"), Unsupported),
            (with(rsa(), "e", "AQEBAQE"), Unsupported),
            (with(rsa(), "e", ""), Unsupported),
            (with(rsa(), "alg", "PS256"), Unsupported),
            (with(rsa(), "d", "AQAB"), Private),
            (with(ec.clone(), "d", "AQAB"), Private),
            (with(ec.clone(), "use", "enc"), Unsupported),
            (with(ec.clone(), "alg", "RS256"), Unsupported),
            (with(ec.clone(), "crv", "P-384"), Unsupported),
            (with(ec.clone(), "y", ec["x"].clone()), Unsupported),
            (with(ec.clone(), "x", "AA"), Unsupported),
            (with(ec.clone(), "x", 7), Malformed),
            (with(ec.clone(), "kid", "k".repeat(257)), Unsupported),
            (json!({"kty": "oct", "k": "AAAA"}), Unsupported),
            (json!([]), Malformed),
            (json!("EC"), Malformed),
        ] {
            assert_eq!(ForeignKey::read(&key), Err(why), "{key}");
            assert!(ForeignKeys::registered(&json!({"keys": [ec, key]}).to_string()).is_err());
        }
        assert_eq!(ForeignKeys::registered("{\"keys\": []}"), Err(Malformed));
        assert_eq!(ForeignKeys::registered(&" ".repeat(LONGEST_KEY_SET + 1)), Err(Malformed));
        let mixed = json!({"keys": [{"kty": "oct"}, 7, ec, rsa()]}).to_string();
        let read = ForeignKeys::published(&mixed).unwrap();
        assert_eq!(read.keys().iter().map(ForeignKey::algorithm).collect::<Vec<_>>(), ForeignAlgorithm::ALL);
        assert_eq!(ForeignKeys::registered(&read.to_text()), Ok(read));
        assert_eq!(ForeignKeys::published("{\"keys\": [{}]}"), Err(Unsupported));
    }

    /// RFC 7638 section 3.1.
    #[test]
    fn a_thumbprint_names_the_key() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = ForeignKey::read(&json!({"kty": "RSA", "n": n, "e": "AQAB", "kid": "2011-04-29"})).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
