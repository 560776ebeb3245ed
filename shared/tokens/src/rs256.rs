//! RS256 (RFC 7518 section 3.3), for clients whose verifiers take nothing else, as the JWT authorizer of API Gateway's
//! HTTP APIs does.
//!
//! Signatures are deterministic (RFC 8017 section 8.2.1), as those of ES256 are. `ring` signs, in constant time. A key is
//! made by [`RsaKeyMaker`], once, for a command of an operator: that takes seconds, so no function does it when it starts.

use std::{convert::Infallible, sync::Arc};

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{JwtSigner, JwtVerifier},
    errors::{ErrorKind, Result},
    signature::{Error, Signer, Verifier},
};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rsa::{
    PrivateKey,
    pkcs8::{EncodePrivateKey, LineEnding, SecretDocument},
    rand_core::{TryCryptoRng, TryRng},
};
use saoma_domain::ports::{KeyMaker, Randomness, StoreError};

/// The bits of a modulus. API Gateway documents no bound; 2048 is what every verifier takes (RFC 7518 section 3.3).
const MODULUS_BITS: usize = 2048;
/// What a PEM text of PKCS #8 is labelled with (RFC 7468 section 10).
const LABEL: &str = "PRIVATE KEY";

/// Makes RSA keys, as PEM texts of PKCS #8.
#[derive(Clone)]
pub struct RsaKeyMaker(pub Arc<dyn Randomness>);

impl KeyMaker for RsaKeyMaker {
    fn make(&self) -> std::result::Result<String, StoreError> {
        let failed = |error: &dyn std::fmt::Display| StoreError::new(format!("no RSA key was made: {error}"));
        let key = PrivateKey::new(&mut Draws(&*self.0), MODULUS_BITS).map_err(|error| failed(&error))?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?;
        Ok(pem.as_str().to_owned())
    }
}

/// The port for unpredictable bytes, as `rsa` reads it.
struct Draws<'a>(&'a dyn Randomness);

impl Draws<'_> {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

impl TryRng for Draws<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Draws<'_> {}

/// An RSA key as it is kept.
pub(crate) struct StoredKey {
    /// PKCS #8, in DER. [`signer`] takes it.
    pub(crate) signing: EncodingKey,
    /// `n`, in big-endian bytes.
    pub(crate) modulus: Vec<u8>,
    /// `e`, in big-endian bytes.
    pub(crate) exponent: Vec<u8>,
}

impl StoredKey {
    /// Reads what [`RsaKeyMaker`] makes; `None` for any other text.
    pub(crate) fn read(pem: &str) -> Option<Self> {
        let (_, der) = SecretDocument::from_pem(pem).ok().filter(|(label, _)| *label == LABEL)?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes()).ok()?;
        let PublicKeyComponents { n: modulus, e: exponent } = PublicKeyComponents::from(pair.public());
        Some(Self { signing: EncodingKey::from_rsa_der(der.as_bytes()), modulus, exponent })
    }
}

pub(crate) struct Rs256Signer(RsaKeyPair);

pub(crate) struct Rs256Verifier(PublicKeyComponents<Vec<u8>>);

/// The signer of a key whose bytes are PKCS #8.
pub(crate) fn signer(key: &EncodingKey) -> Result<Rs256Signer> {
    let pair = RsaKeyPair::from_pkcs8(key.as_bytes());
    Ok(Rs256Signer(pair.map_err(|_| ErrorKind::InvalidRsaKey("no PKCS #8".to_owned()))?))
}

/// The verifier of a key that is given by its components.
pub(crate) fn verifier(key: &DecodingKey) -> Result<Rs256Verifier> {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            Ok(Rs256Verifier(PublicKeyComponents { n: n.clone(), e: e.clone() }))
        }
        DecodingKeyKind::SecretOrDer(_) => Err(ErrorKind::InvalidKeyFormat.into()),
    }
}

impl Signer<Vec<u8>> for Rs256Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // The bytes that `ring` draws here blind the computation. The signature does not depend on them.
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map_err(|_| Error::new())?;
        Ok(signature)
    }
}

impl JwtSigner for Rs256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

impl Verifier<Vec<u8>> for Rs256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Rs256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
