//! Every endpoint, over HTTP in process. The modules repeat the routes; in each, the happy path comes
//! first, then each refusal under a name that is a rule.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod accounts;
mod architecture;
mod events;
mod kiosk;
mod oauth;
mod operations;
mod pages;
mod web;
