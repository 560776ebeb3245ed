//! What every HTTP function shares, between the Lambda event and the rules.
//!
//! * [`config`]: the environment, parsed once; a function with a bad one refuses to start.
//! * [`service`]: what every handler has at hand: configuration, keys, clock, randomness.
//! * [`facts`]: what we saw of the caller, from API Gateway and never from its headers' say-so.
//! * [`body`], [`query`]: parsing at the edge, with limits.
//! * [`auth`]: phones by bearer token, clients by Basic, screens by cookie or header ([`cookie`]).
//! * [`problem`]: the error envelope (RFC 9457).
//! * [`screen`]: a new QR for a PC that is known by its cookie.
//! * [`consent`]: what a phone is shown before it confirms.
//! * [`exchange`]: a verified ticket for a token.
//! * [`login_event`]: what a client is told of a login.
//! * [`pace`]: how often somebody may ask, kept in bounded memory.
//! * [`harden`]: headers and refusals that every answer gets.
//! * [`telemetry`]: one JSON line a request.
//! * [`system`]: the real clock and the real randomness.

pub mod auth;
pub mod body;
pub mod config;
pub mod consent;
pub mod cookie;
pub mod exchange;
pub mod facts;
pub mod harden;
pub mod login_event;
pub mod pace;
pub mod problem;
pub mod query;
pub mod screen;
pub mod service;
pub mod system;
pub mod telemetry;

pub use auth::AuthError;
pub use config::{ConfigError, Environment, Settings};
pub use facts::Facts;
pub use problem::Problem;
pub use service::Service;
