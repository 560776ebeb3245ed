//! What all HTTP functions share, between the Lambda event and the rules.
//!
//! * [`facts`]: what API Gateway tells us about the caller. The caller's own headers do not count.
//! * [`body`], [`query`]: parsing at the edge, with limits.
//! * [`auth`]: phones by bearer token, clients by Basic, screens by cookie or header ([`cookie`]).
//! * [`foreign`]: phones by a token of another issuer.
//! * [`problem`]: a refusal, with its cause and its session; [`refusals`]: the errors that become one.
//! * [`screen`]: a new QR for a PC, which its cookie identifies.
//! * [`sighting`]: whether a phone saw the QR on the screen; [`rotating`]: the QRs that a screen shows one after the other.
//! * [`site`]: whether the page of another site calls.
//! * [`consent`]: what a phone shows its person before they confirm.
//! * [`exchange`]: exchanges a verified ticket for a token.
//! * [`early`]: the answer to a poll that comes too early.
//! * `edge`: where a caller is, when an edge stands in front of the API.
//! * `guesses`: slows down a network that sends unknown codes and wrong secrets.
//! * [`harden`]: headers and refusals that every answer gets, in the contract's shape.
//! * [`telemetry`]: one JSON line a request.

pub mod auth;
pub mod body;
pub mod consent;
pub mod cookie;
pub mod early;
mod edge;
pub mod exchange;
pub mod facts;
pub mod foreign;
mod guesses;
pub mod harden;
pub mod problem;
pub mod query;
pub mod refusals;
pub mod rotating;
pub mod screen;
pub mod sighting;
pub mod site;
pub mod telemetry;

pub use facts::Facts;
pub use problem::Problem;
