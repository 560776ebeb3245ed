//! Every endpoint, over HTTP in process. The modules repeat the routes; in each, the happy path comes
//! first, then each refusal under a name that is a rule.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod accounts;
mod architecture;
mod devices;
mod events;
mod kiosk;
mod notify;
mod oauth;
mod operations;
mod pages;
mod remembered;
mod shop;
mod web;
