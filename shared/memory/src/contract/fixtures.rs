//! Moments, people and numbers that the promises share.

use std::time::Duration;

use saoma_domain::{
    identity::{AccountId, Phone, PhoneNumber, SignInId},
    ports::{KeyName, Randomness},
    time::Timestamp,
};

/// When the contract's sessions are opened. Stores compare with the time that callers pass, not with a clock.
pub const OPENED: Timestamp = Timestamp::from_secs(1_705_998_038);
pub(super) const LIFE: Duration = Duration::from_mins(5);

pub(super) fn at(secs: u64) -> Timestamp {
    OPENED.plus(Duration::from_secs(secs))
}

pub(super) fn person(random: &dyn Randomness) -> Phone {
    Phone { account: AccountId::random(random), sign_in: SignInId::random(random) }
}

pub(super) fn random_number(random: &dyn Randomness) -> PhoneNumber {
    let digits = AccountId::random(random).to_string();
    PhoneNumber::parse(&format!("+861{}{}", 3, &digits[1..])).unwrap()
}

/// The name of a key.
pub(super) fn key() -> KeyName {
    KeyName::of_kid("the-key-")
}

/// The thumbprint of a key (RFC 9449 section 6.1).
pub(super) const KEY: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
