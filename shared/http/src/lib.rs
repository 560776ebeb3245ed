//! What every HTTP function shares, between the Lambda event and the rules.
//!
//! * [`facts`]: what we saw of the caller, from API Gateway and never from its headers' say-so.
//! * [`body`], [`query`]: parsing at the edge, with limits.
//! * [`auth`]: phones by bearer token, clients by Basic, screens by cookie or header ([`cookie`]).
//! * [`problem`]: a refusal, with its cause and what it was about; [`refusals`]: the errors that lead to one.
//! * [`screen`]: a new QR for a PC that is known by its cookie.
//! * [`consent`]: what a phone is shown before it confirms.
//! * [`exchange`]: a verified ticket for a token.
//! * [`early`]: the answer to a poll that comes too early.
//! * [`harden`]: headers and refusals that every answer gets, in the contract's shape.
//! * [`telemetry`]: one JSON line a request.

pub mod auth;
pub mod body;
pub mod consent;
pub mod cookie;
pub mod early;
pub mod exchange;
pub mod facts;
pub mod harden;
pub mod problem;
pub mod query;
pub mod refusals;
pub mod screen;
pub mod telemetry;

pub use facts::Facts;
pub use problem::Problem;
