//! Proofs of possession (RFC 9449): tokens that a thief cannot use, because each request is signed by their holder's key.

use axum::http::{HeaderMap, StatusCode};
use saoma_domain::{
    client::Client,
    oauth::{ClientAuth, KeyThumbprint},
    ports::{OncePurpose, OneUse},
};
use saoma_http::{Facts, Problem};
use saoma_tokens::proof::{Proof, ProofFor, verify_proof};

use crate::App;

/// The proof is not one, is for another request, or is too old (RFC 9449 section 5).
pub(crate) const INVALID_PROOF: Problem = Problem::bad_request(CODE, DETAIL);
/// The same, where an access token is used (RFC 9449 section 7.1).
pub(crate) const UNPROVEN: Problem = Problem::new(StatusCode::UNAUTHORIZED, CODE, DETAIL);
const CODE: &str = "invalid_dpop_proof";
const DETAIL: &str =
    "The header DPoP must have a proof for this request, made now by an ES256 key and used once.";
/// What is presented is bound to a key, and the request has no proof of it.
const OTHER_KEY: Problem =
    Problem::bad_request("invalid_grant", "It is bound to a key: send a DPoP proof of that key.");

/// The proof that a request brings, if it brings one.
///
/// # Errors
/// `invalid_dpop_proof`.
pub(crate) fn proof(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    (method, path): (&str, &str),
    access_token: Option<&str>,
) -> Result<Option<Proof>, Problem> {
    let mut sent = headers.get_all("dpop").iter();
    let Some(first) = sent.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| sent.next().is_none()).ok_or(INVALID_PROOF)?;
    let issuer = app.service.public_url(facts.domain())?;
    let wanted = ProofFor { method, address: &format!("{issuer}{path}"), access_token };
    let proof = verify_proof(text, wanted, app.service.clock.now());
    proof.map(Some).map_err(|_| INVALID_PROOF)
}

/// The use of a proof, to be recorded where tokens are issued.
pub(crate) fn used(app: &App, proof: &Proof) -> OneUse {
    let now = app.service.clock.now();
    OneUse::of(OncePurpose::Proof, proof.key.as_str(), &proof.id, now, proof.refused_from)
}

/// The key that a refresh must prove, of the one that its first exchange proved. A client with a secret proves itself at
/// each refresh, so only the others' refresh tokens are bound (RFC 9449 section 5).
pub(crate) fn binding<'a>(client: &Client, key: Option<&'a KeyThumbprint>) -> Option<&'a KeyThumbprint> {
    key.filter(|_| client.oauth.auth == ClientAuth::None)
}

/// Checks that a request has proven the key that something is bound to.
///
/// # Errors
/// `invalid_grant`.
pub(crate) fn holds(bound_to: Option<&KeyThumbprint>, proven: Option<&KeyThumbprint>) -> Result<(), Problem> {
    if bound_to.is_none() || bound_to == proven { Ok(()) } else { Err(OTHER_KEY) }
}
