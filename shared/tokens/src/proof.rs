//! Proofs of possession (`DPoP`, RFC 9449): with each request, a client signs what the request is for.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{oauth::KeyThumbprint, time::Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    TokenError,
    foreign::{ForeignAlgorithm, ForeignKey, ForeignToken, NumericDate},
};

/// How far the moment of a proof may lie before or after ours.
pub const WINDOW: Duration = Duration::from_mins(1);
const TYP: &str = "dpop+jwt";
/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 256;

/// What a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct ProofFor<'a> {
    /// The request's method.
    pub method: &'a str,
    /// Its address, without query and fragment.
    pub address: &'a str,
    /// The access token that it brings, if it brings one.
    pub access_token: Option<&'a str>,
}

/// A verified proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key that its sender has.
    pub key: KeyThumbprint,
    /// `jti`.
    pub id: String,
    /// From this moment it is refused without a record.
    pub refused_from: Timestamp,
}

#[derive(Deserialize)]
struct UnverifiedClaims {
    jti: String,
    htm: String,
    htu: String,
    iat: NumericDate,
    ath: Option<String>,
}

/// Verifies a proof (RFC 9449 section 4.3). The checks, in order: it is one; it brings a public P-256 key, which signed it with
/// ES256; it is for this method, address and token; it was made now, give or take [`WINDOW`]; it has an id.
///
/// # Errors
/// [`TokenError::Invalid`].
pub fn verify_proof(proof: &str, wanted: ProofFor<'_>, now: Timestamp) -> Result<Proof, TokenError> {
    verified(proof, wanted, now).ok_or(TokenError::Invalid)
}

fn verified(proof: &str, wanted: ProofFor<'_>, now: Timestamp) -> Option<Proof> {
    let token = ForeignToken::read(proof).ok().filter(|token| token.typ() == Some(TYP))?;
    let key = ForeignKey::read(token.jwk()?).ok().filter(|key| key.algorithm() == ForeignAlgorithm::Es256)?;
    let claims: UnverifiedClaims = token.open_with(&key).ok()?;
    let address = claims.htu.split(['?', '#']).next().unwrap_or_default();
    let is_for = claims.htm == wanted.method && address == wanted.address;
    let hash = wanted.access_token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
    let brings = hash.is_none_or(|hash| claims.ath == Some(hash));
    let at = claims.iat.0;
    let is_now = at <= now.plus(WINDOW) && now < at.plus(WINDOW);
    let has_id = (1..=LONGEST_ID).contains(&claims.jti.len());
    let key = KeyThumbprint::parse(&key.thumbprint())?;
    (is_for && brings && is_now && has_id).then(|| Proof {
        key,
        id: claims.jti,
        refused_from: at.plus(WINDOW),
    })
}
