//! From `main` to the first request: the adapters behind the ports that functions ask for.
//!
//! * [`process`]: the log, the environment, AWS and the keys, which every function needs.
//! * [`deployment`]: the tables, the bucket, the topic, text messages, pushes and webhooks.
//! * [`relay`]: the client that sends messages where SNS does not reach.
//! * [`mod@serve`]: serves requests, a stream's records, a queue's calls, or what happens at a socket, for the life of the process. Each event is cleaned or
//!   refused before a function sees it.
//!
//! This is the one shared crate that names adapters, and only a function's `main` names this one.

mod answer;
mod changes;
pub mod deployment;
mod error;
mod issuers;
pub mod process;
pub mod relay;
mod request;
pub mod serve;
mod waiting;

pub use changes::StoredChange;
pub use deployment::Deployment;
pub use error::StartError;
pub use process::Process;
pub use serve::{serve, serve_commands, serve_queue, serve_sockets, serve_stream};
