//! From `main` to the first request: what a deployment has, behind the ports that functions ask for.
//!
//! * [`process`]: the log, the environment, AWS and the keys: what every function starts with.
//! * [`deployment`]: the tables, the bucket, the topic and the ways to people.
//! * [`relay`]: who sends messages where SNS does not reach.
//! * [`serve`]: requests, or a stream's records, for the life of the process; each event is cleaned or
//!   refused before a function sees it.
//!
//! This is the one shared crate that names adapters, and only a function's `main` names this one.

mod answer;
mod changes;
pub mod deployment;
mod error;
pub mod process;
pub mod relay;
mod request;
pub mod serve;

pub use changes::StoredChange;
pub use deployment::Deployment;
pub use error::StartError;
pub use process::Process;
pub use serve::{serve, serve_stream};
