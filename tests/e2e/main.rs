//! The whole service from the outside, as it is served: over HTTP, in a real browser, on the real tables.
//!
//! The same tests run against both ways of serving (`tests/local/suite.py` starts them). The environment names the
//! stack; see [`service`].
//!
//! Drivers:
//! * [`screen`]: a PC or a machine, over HTTP, with its own cookies; or a client's server.
//! * [`region`]: the server of a hosted client.
//! * [`phone`]: a person's phone, signed in by a real SMS code.
//! * [`browser`]: a headless Chromium ([`driver`] is its process); [`people`] says what a person does with it.
//! * [`operator`]: an operator at the command line.
//! * [`proxy`]: a bad network between browser and service.
//! * [`axe`]: a checker of pages that is not ours.
//! * [`traffic`]: the traffic of a browser.
//! * [`qr`]: two independent readers that must agree.
//! * [`tables`]: the stored items. [`jwt`]: a token, verified with the published keys.
//!
//! Tests: [`account`], [`kiosk`], [`web`], [`other_site`], [`pictures`], [`storage`], [`walks`], [`prompts`], [`proof`], [`webhooks`],
//! [`budget`], [`demo`], [`truth`], [`tabs`], [`deviations`], [`oauth`], [`typed`],
//! [`relying_parties`], [`issuers`], [`rotating`], [`sms`], [`sockets`], [`widget`], [`lighthouse`].

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a driver that cannot go on is a failed test"
)]

mod axe;
mod browser;
mod driver;
mod jwt;
mod operator;
mod people;
mod phone;
mod program;
mod proxy;
mod qr;
mod region;
mod screen;
mod service;
mod tables;
mod traffic;

mod account;
mod budget;
mod demo;
mod deviations;
mod issuers;
mod kiosk;
mod lighthouse;
mod oauth;
mod other_site;
mod pictures;
mod prompts;
mod proof;
mod relying_parties;
mod rotating;
mod sms;
mod sockets;
mod storage;
mod tabs;
mod truth;
mod typed;
mod waiting_phones;
mod walks;
mod web;
mod webhooks;
mod widget;
