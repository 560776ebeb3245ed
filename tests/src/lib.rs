//! Drivers for the tests: a whole service in process, and the people and machines that use it.
//!
//! * [`World`]: all functions over one memory, with a clock that stands and randomness that repeats.
//! * [`Call`] and [`Answer`]: one HTTP call, made of the event API Gateway would send.
//! * [`Description`]: what `/openapi.json` says.
//! * [`Person`]: a person with a phone that is signed in.
//! * [`LOGO`]: the picture of a client.
//! * [`qr`]: reads a picture with an independent reader.

#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a driver that cannot go on is a failed test"
)]

mod call;
mod description;
pub mod qr;
mod world;

/// The picture of a client, as in the documentation's examples.
pub const LOGO: &[u8] = include_bytes!("../../docs/images/logo.png");

pub use call::{Answer, Call};
pub use description::{Description, Operation};
pub use world::{ISSUER, Person, SIGNING_SECRET, World};
