//! The two signature algorithms, as `jsonwebtoken`'s provider. No other is compiled in, so no header can choose one.
//!
//! ES256 signs everything but the tokens of a client that was registered for RS256. Each key has one algorithm, and
//! verifies with that one alone (RFC 8725 section 3.1).

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    jwk::ThumbprintHash,
};
use sha2::{Digest, Sha256};

use crate::{es256, rs256};

/// Installs them for the process. Calling it again changes nothing.
pub(crate) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory,
        verifier_factory,
        key_utils: KeyUtils { compute_digest, ..KeyUtils::new_unimplemented() },
    };
    // An error means that a provider is installed already. Only this function installs one, so it is this one.
    let _ = PROVIDER.install_default();
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is jsonwebtoken's")]
fn signer_factory(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(es256::signer(key)?)),
        Algorithm::RS256 => Ok(Box::new(rs256::signer(key)?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is jsonwebtoken's")]
fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(es256::verifier(key)?)),
        Algorithm::RS256 => Ok(Box::new(rs256::verifier(key)?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// The digest for thumbprints (RFC 7638): SHA-256.
#[expect(clippy::needless_pass_by_value, reason = "the signature is jsonwebtoken's")]
fn compute_digest(data: &[u8], hash: ThumbprintHash) -> Result<Vec<u8>> {
    match hash {
        ThumbprintHash::SHA256 => Ok(Sha256::digest(data).to_vec()),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}
