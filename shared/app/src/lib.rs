//! What every function uses, without HTTP.
//!
//! * [`config`]: the environment, parsed once. A function with a bad one refuses to start.
//! * [`service`]: settings, keys, clock, randomness and paces, in one struct.
//! * [`pace`]: how often a caller may ask, kept in bounded memory.
//! * [`found`]: which sessions an instance has read, for its paces.
//! * [`export`]: what a person downloads of what is kept about them.
//! * [`history`]: histories of people, whose failures are logged and stop nothing.
//! * [`notices`]: pushes to a person's phones about what happened to their account.
//! * [`recent`]: the clients as they were a moment ago.
//! * [`login_event`]: the events that tell a client about its logins.
//! * [`edge`]: the edge in front of the API, and how it proves itself.
//! * [`metrics`]: what is counted for operators.
//! * [`batch`]: what a function answers about a batch of records or messages.
//! * [`socket`]: the sockets of waiting screens.
//! * [`sms_alarm`]: the warning when a budget for text messages is used up.
//! * [`shown`]: what belongs to a person, as they are shown it; [`row_ids`]: the ids of its rows.
//! * [`system`]: the real clock and the real randomness.

pub mod batch;
pub mod config;
pub mod edge;
pub mod export;
pub mod found;
pub mod history;
pub mod login_event;
pub mod metrics;
pub mod notices;
pub mod pace;
pub mod recent;
pub mod row_ids;
pub mod service;
pub mod shown;
pub mod sms_alarm;
pub mod socket;
pub mod system;

pub use batch::{BatchAnswer, Failed};
pub use config::{ConfigError, Environment, Settings};
pub use export::Export;
pub use found::{FoundChecks, FoundSessions};
pub use history::LoggedHistory;
pub use notices::Notices;
pub use recent::RecentClients;
pub use service::{NoPublicUrl, Service};
pub use sms_alarm::LoggedAlarm;
pub use socket::{LoggedTell, Socket};
