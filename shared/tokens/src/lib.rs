//! Keys, tokens and the published key set.
//!
//! * [`keys`]: the ES256 key pair, its `kid` and the key for keyed hashes, derived from each version of the secret; and RSA
//!   keys, where there are some.
//! * [`keyring`]: the keys of a running instance, which follow the secret while it is rotated. All tokens are made and
//!   verified through it.
//! * [`algorithms`]: the two signature algorithms, as `jsonwebtoken`'s provider: [`es256`], and [`rs256`] for clients that are
//!   registered for it. A key has one of them, and no header chooses.
//! * [`access`]: access tokens (RFC 9068), for phones and for screens, which differ in what they may do.
//! * [`id_token`]: who signed in, for a client that speaks OpenID Connect.
//! * [`identity`]: who a person is, signed, for the shop contract.
//! * [`authorization`]: authorization requests and codes.
//! * [`assertion`]: how a client proves itself with a key of its own.
//! * [`foreign`]: the public keys of strangers, and the tokens that they sign. No token of ours is verified there.
//! * [`key_sets`]: the key sets that strangers publish, fetched and kept; [`issued`]: the tokens of registered issuers.
//! * [`proof`]: proofs of possession of a key (`DPoP`).
//! * [`ticket`]: the one-time ticket that a signed-in page brings to its server.
//! * [`watch`]: lets a screen watch its session over a socket.
//!
//! Callers pass the time as an argument, so `jsonwebtoken`'s own checks of times are turned off.

pub mod access;
mod algorithms;
pub mod assertion;
pub mod authorization;
mod es256;
pub mod foreign;
pub mod id_token;
pub mod identity;
pub mod issued;
pub mod key_sets;
pub mod keyring;
pub mod keys;
pub mod proof;
mod rs256;
pub mod ticket;
pub mod watch;

pub use access::{AccessToken, Allows, GrantedClaims, MintedToken, TokenError};
pub use id_token::{IdToken, IdTokenHint};
pub use issued::IssuedTokens;
pub use key_sets::KeySetCache;
pub use keyring::Keyring;
pub use keys::{KeyError, Keys};
pub use rs256::RsaKeyMaker;
pub use ticket::TicketClaims;
pub use watch::WatchClaims;

use std::time::Duration;

use saoma_domain::time::Timestamp;

/// How far a token's `iat` lies before the moment it is made. Many verifiers refuse an `iat` in their future, so a
/// verifier whose clock is this much behind ours still accepts a fresh token. `exp` is counted from the real time.
pub const ISSUED_EARLIER: Duration = Duration::from_secs(5);

/// The claim `iat` of a token that is made at `at`.
fn issued_at(at: Timestamp) -> u64 {
    at.minus(ISSUED_EARLIER).secs()
}
