//! The adapters that reach people and clients' servers.
//!
//! * [`sns`]: text messages, pushes to phones, and the topic of login events, through SNS.
//! * [`sockets`]: screens that are told over a socket to ask how their login stands.
//! * [`webhook`]: calls to clients' servers, the way Standard Webhooks describes.
//! * [`key_sets`]: the key sets that others publish.
//! * `guarded`: the client through which webhooks and key sets go.
//! * [`address`]: which addresses such a call may reach, and looking one up.
//! * [`queue`]: the SQS queue in which such calls wait.
//! * [`signature`]: how such a call is signed.
//! * [`relay`]: messages and pushes by webhook to a client that sends them on, where SNS does not reach.
//!
//! Imports point one way: `relay` uses the port of webhooks, `webhook` and `key_sets` import `guarded`, which imports
//! `address`; `webhook` imports `signature`; `sns`, `queue` and `sockets` import none of them.

pub mod address;
mod guarded;
pub mod key_sets;
pub mod queue;
pub mod relay;
pub mod signature;
pub mod sns;
pub mod sockets;
pub mod webhook;

pub use key_sets::HttpKeySets;
pub use queue::CallQueue;
pub use relay::{Pushes, Relay};
pub use sns::{SnsPush, SnsSms, SnsTopic};
pub use sockets::Sockets;
pub use webhook::HttpWebhooks;
