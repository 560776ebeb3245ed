//! ES256 (RFC 7518 section 3.4).
//!
//! Signatures are deterministic (RFC 6979): the same claims under the same key give the same token, to the byte, so
//! a repeated answer carries the same token.

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{JwtSigner, JwtVerifier},
    errors::{ErrorKind, Result},
    signature::{Error, Signer, Verifier},
};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};

pub(crate) struct Es256Signer(SigningKey);

pub(crate) struct Es256Verifier(VerifyingKey);

/// The signer of a key whose bytes are a P-256 scalar.
pub(crate) fn signer(key: &EncodingKey) -> Result<Es256Signer> {
    let key = SigningKey::from_slice(key.as_bytes()).map_err(|_| ErrorKind::InvalidEcdsaKey)?;
    Ok(Es256Signer(key))
}

/// The verifier of a key whose bytes are a point of P-256 (SEC 1 section 2.3.3).
pub(crate) fn verifier(key: &DecodingKey) -> Result<Es256Verifier> {
    let key =
        VerifyingKey::from_sec1_bytes(key.try_get_as_bytes()?).map_err(|_| ErrorKind::InvalidEcdsaKey)?;
    Ok(Es256Verifier(key))
}

impl Signer<Vec<u8>> for Es256Signer {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let signature: Signature = self.0.try_sign(message).map_err(Error::from_source)?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl JwtSigner for Es256Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

impl Verifier<Vec<u8>> for Es256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(Error::from_source)?;
        self.0.verify(message, &signature).map_err(Error::from_source)
    }
}

impl JwtVerifier for Es256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
