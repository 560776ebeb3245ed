//! The rules of signing in by scanning, and nothing else.
//!
//! This crate knows no clock, generator, store, network or runtime. Callers pass time and randomness as
//! arguments; everything else comes through the traits in [`ports`]. Read it in this order:
//!
//! * [`time`]: a moment, as whole numbers.
//! * `words`: names of enums, derived once.
//! * [`text`]: text from outside, made readable and harmless where it enters.
//! * [`secrets`]: codes, secrets and their hashes, as types that cannot leak by accident.
//! * [`scan`]: reads the code in what a scanner found.
//! * [`rotation`]: QRs that change every few seconds, and what shows that a phone saw one on the screen.
//! * [`identity`], [`phone_number`]: who a client, an account and a phone are, and by which number.
//! * [`session`]: the session core. One enum of states, one pure function that decides, one kind of change.
//! * [`account`], [`client`], [`sign_in`], [`refresh`]: the people and products around a session.
//! * [`issuer`]: products that have accounts of their own, and their people.
//! * [`opener`]: what a screen proves when it opens a session, and the machines that operators enrolled.
//! * [`sms_challenge`], [`sms_lane`], [`known_device`], [`sms_code`], [`sms_text`]: who asks for a code by SMS, which code they
//!   get, and in which words. [`sms_budget`], [`sms_puzzle`]: what that may cost, in messages and in work.
//! * [`watching`]: screens that are told over a socket when to ask.
//! * [`pairing`], [`prompt_log`]: devices people come back to, and how often a person may be asked.
//! * [`push`], [`effect`]: phones that can be pushed to, and the side effects of a change.
//! * [`oauth`]: scopes, user codes, and what is registered of an OAuth client.
//! * [`history`], [`belongings`]: what happened to an account and what it has, as its person sees it.
//! * [`allowed`]: the one question that each step asks first.
//! * [`ports`]: what the rules need from the world. Each trait documents its promises.
//! * [`cases`]: one use case a file: open, scan, confirm, cancel, status, redeem, and the phone's own sign-in.
//!
//! Imports point one way: `cases` import `ports` and the data, and `ports` import the data. Of the ports, the data
//! knows only `Randomness` and `KeyedHash`.

#[macro_use]
mod words;

pub mod account;
pub mod allowed;
pub mod belongings;
pub mod cases;
pub mod client;
pub mod effect;
pub mod history;
pub mod identity;
pub mod issuer;
pub mod known_device;
pub mod oauth;
pub mod opener;
pub mod pairing;
pub mod phone_number;
pub mod ports;
pub mod prompt_log;
pub mod push;
pub mod refresh;
pub mod rotation;
pub mod scan;
pub mod secrets;
pub mod session;
pub mod sign_in;
pub mod sms_budget;
pub mod sms_challenge;
pub mod sms_code;
pub mod sms_lane;
pub mod sms_puzzle;
pub mod sms_text;
pub mod text;
pub mod time;
pub mod watching;
