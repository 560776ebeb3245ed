//! Keys, tokens and the published key set.
//!
//! * [`keys`]: everything follows from one generated secret: the ES256 key pair, its `kid`, and the
//!   key for keyed hashes.
//! * [`es256`]: the one signature algorithm, handed to `jsonwebtoken`. There is no second one to be
//!   confused with.
//! * [`access`]: access tokens (RFC 9068), for phones and for screens, which differ in what they may do.
//! * [`identity`]: who somebody is, signed, for the shop contract.
//! * [`ticket`]: the one-time ticket a signed-in page brings to its server.
//!
//! Time comes in as an argument, so `jsonwebtoken` is kept from looking at the clock.

pub mod access;
mod es256;
pub mod identity;
pub mod keys;
pub mod ticket;

pub use access::{MintedToken, TokenError};
pub use keys::{KeyError, Keys};
pub use ticket::TicketClaims;
