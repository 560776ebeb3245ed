//! The adapters that reach people and clients' servers.
//!
//! * [`sns`]: text messages, pushes to phones, and the topic of login events, through SNS.
//! * [`webhook`]: calls to clients' servers, the way Standard Webhooks describes.
//! * [`address`]: which addresses such a call may reach, and looking one up.
//! * [`queue`]: the SQS queue in which such calls wait.
//! * [`signature`]: how such a call is signed.
//! * [`relay`]: messages and pushes by webhook to a client that sends them on, where SNS does not reach.
//!
//! Imports point one way: `relay` uses the port of webhooks, `webhook` imports `address` and `signature`, `sns`
//! and `queue` import none of them.

pub mod address;
pub mod queue;
pub mod relay;
pub mod signature;
pub mod sns;
pub mod webhook;

pub use queue::CallQueue;
pub use relay::{Pushes, Relay};
pub use sns::{SnsPush, SnsSms, SnsTopic};
pub use webhook::HttpWebhooks;
