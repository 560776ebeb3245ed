//! The ports in memory, for tests, and the contract every store must pass.
//!
//! * [`Memory`]: all data ports over one lock, with faults to inject and stale copies to serve.
//! * [`world`]: a clock that stands where it is put, seeded randomness, an outbox, a picture drawer.
//! * [`vault`]: the signing secret, which tests rotate.
//! * [`wired`]: the use cases over one memory.
//! * [`contract`]: what every store must do, as functions that take one. DynamoDB passes the same.
//!
//! No deployed function links this crate.

pub mod contract;
mod store;
pub mod vault;
pub mod wired;
pub mod world;

pub use store::{Fault, Memory};
