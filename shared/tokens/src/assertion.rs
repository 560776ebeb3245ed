//! A client's assertion: how it proves itself with a key of its own (`private_key_jwt`, RFC 7523 section 3, OpenID Connect
//! Core section 9).

use std::time::Duration;

use saoma_domain::{identity::ClientId, time::Timestamp};
use serde::Deserialize;

use crate::{
    TokenError,
    foreign::{Audience, ForeignKeys, ForeignToken, NumericDate},
};

/// How long an assertion may be good, from the moment it comes.
pub const LONGEST_LIFE: Duration = Duration::from_mins(5);
/// How far a client's clock may be off.
pub const SKEW: Duration = Duration::from_secs(30);
/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 256;
/// What a header may say of the type. Most libraries say nothing or `JWT`.
const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];

/// A verified assertion. It counts once: the caller remembers its id until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// `jti`.
    pub id: String,
    /// From this moment it is refused without a record.
    pub refused_from: Timestamp,
}

#[derive(Deserialize)]
struct UnverifiedClaims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    jti: String,
}

#[derive(Deserialize)]
struct Subject {
    sub: String,
}

/// The client that an assertion is about, by its own account: to find the keys that verify it.
#[must_use]
pub fn unverified_client(assertion: &str) -> Option<String> {
    let claims: Subject = ForeignToken::read(assertion).ok()?.unverified().ok()?;
    Some(claims.sub)
}

/// Verifies an assertion of `client`. The checks, in order: one of its keys signed it, with the key's own algorithm; it is
/// an assertion; it is about this client and made by it; `is_us` takes one of its audiences; it is good now, and for no
/// longer than [`LONGEST_LIFE`]; it has an id.
///
/// # Errors
/// [`TokenError::Invalid`].
pub fn verify_assertion(
    assertion: &str,
    keys: &ForeignKeys,
    client: &ClientId,
    is_us: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Result<Assertion, TokenError> {
    let token = ForeignToken::read(assertion).map_err(|_| TokenError::Invalid)?;
    let claims: UnverifiedClaims = token.open(keys).map_err(|_| TokenError::Invalid)?;
    let is_assertion = token.typ().is_none_or(|typ| TYPES.iter().any(|it| typ.eq_ignore_ascii_case(it)));
    let is_theirs = claims.iss == client.as_str() && claims.sub == client.as_str();
    let begun = |at: Option<NumericDate>| at.is_none_or(|at| at.0 <= now.plus(SKEW));
    let refused_from = claims.exp.0.plus(SKEW);
    let good_now = begun(claims.nbf)
        && begun(claims.iat)
        && now < refused_from
        && claims.exp.0 <= now.plus(LONGEST_LIFE).plus(SKEW);
    let has_id = (1..=LONGEST_ID).contains(&claims.jti.len());
    if is_assertion && is_theirs && claims.aud.all().any(is_us) && good_now && has_id {
        Ok(Assertion { id: claims.jti, refused_from })
    } else {
        Err(TokenError::Invalid)
    }
}
