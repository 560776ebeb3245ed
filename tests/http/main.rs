//! Every endpoint, over HTTP in process. The modules repeat the routes; in each, the happy path comes
//! first, then each refusal under a name that is a rule. What they share stands in a folder's `mod.rs`;
//! [`crowd`] makes many calls at the same moment.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod accounts;
mod admin;
mod allowed;
mod architecture;
mod audited;
mod crowd;
mod deliver;
mod devices;
mod edge;
mod events;
mod failed_calls;
mod faults;
mod fresh_proof;
mod issuers;
mod keys;
mod kiosk;
mod logs;
mod metrics;
mod notify;
mod oauth;
mod openapi;
mod operations;
mod paces;
mod pages;
mod people;
mod refusals;
mod registered_again;
mod remembered;
mod rotating;
mod shop;
mod signed_out;
mod socket;
mod stale;
mod stream_filter;
mod strict;
mod truth;
mod web;
