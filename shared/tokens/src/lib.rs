//! Keys, tokens and the published key set.
//!
//! * [`keys`]: everything follows from one generated secret: the ES256 key pair, its `kid`, and the
//!   key for keyed hashes.
//! * [`es256`]: the one signature algorithm, handed to `jsonwebtoken`. There is no second one to be
//!   confused with.
//! * [`access`]: access tokens (RFC 9068), for phones and for screens, which differ in what they may do.
//! * [`identity`]: who a person is, signed, for the shop contract.
//! * [`ticket`]: the one-time ticket a signed-in page brings to its server.
//!
//! Time comes in as an argument, so `jsonwebtoken` is kept from looking at the clock.

pub mod access;
mod es256;
pub mod identity;
pub mod keys;
pub mod ticket;

pub use access::{AccessToken, MintedToken, Scope, TokenError};
pub use keys::{KeyError, Keys};
pub use ticket::TicketClaims;

use std::time::Duration;

use saoma_domain::time::Timestamp;

/// How long before a token is made its `iat` lies. A verifier whose clock is this much behind ours still accepts a
/// token that was just made; many refuse an `iat` in their future. `exp` is counted from the real time.
pub const ISSUED_EARLIER: Duration = Duration::from_secs(5);

/// The claim `iat` of what is made at `at`.
fn issued_at(at: Timestamp) -> u64 {
    at.minus(ISSUED_EARLIER).secs()
}
