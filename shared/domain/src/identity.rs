//! Who takes part in a login.

use std::{fmt, net::IpAddr};

use crate::{
    history::EntryId,
    ports::Randomness,
    secrets::{SessionCode, random_hex, sha256_hex, uniform_below},
    time::Timestamp,
};
pub use crate::{issuer::ForeignIdentity, phone_number::PhoneNumber};

/// A registered product: kiosk `channel`, `region`, OAuth `client_id` or web site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The most characters it may have.
    pub const LONGEST: usize = 32;

    /// 1 to 32 characters of `A-Z a-z 0-9 . _ -`; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed = (1..=Self::LONGEST).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// The app of phones that name none when they sign in: our own page, and apps without a client of their own.
    #[must_use]
    pub fn phone() -> Self {
        Self("phone".to_owned())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account's number: ten decimal digits, `memberId` and `uin` in the contracts. It is drawn at random, so it
/// does not reveal when or in which order people registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(u64);

impl AccountId {
    /// A fresh number.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(1_000_000_000 + uniform_below(random, 9_000_000_000))
    }

    /// Reads a number as a client writes it where a telephone number could stand, too: all ten digits. A telephone number of
    /// ten digits lacks its calling code.
    #[must_use]
    pub fn written(raw: &str) -> Option<Self> {
        let is_whole = raw.len() == 10 && raw.bytes().all(|byte| byte.is_ascii_digit());
        Self::parse(raw).filter(|_| is_whole)
    }

    /// Reads a stored or presented number; `None` when it is not a canonical decimal.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let canonical = !raw.starts_with(['0', '+']) && raw.len() <= 19;
        canonical.then(|| raw.parse().ok().filter(|n| i64::try_from(*n).is_ok()).map(Self))?
    }
}

impl AccountId {
    /// The number, as contracts with a numeric `uin` carry it.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One sign-in on one phone: the `sid` of its tokens. Two phones of one person have two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignInId(String);

impl SignInId {
    /// A fresh id: 128 random bits in hexadecimal.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(random_hex(random))
    }

    /// The sign-in of the screen that signed in by this login: the hash in its id.
    #[must_use]
    pub fn of_login(login: &EntryId) -> Self {
        Self(login.hash().to_owned())
    }

    /// The sign-in of the browser whose page showed the QR of this session: a hash of its code. The same session always
    /// gives the same one.
    #[must_use]
    pub fn of_browser(code: &SessionCode) -> Self {
        Self(sha256_hex(&["browser", code.as_str()]).chars().take(Self::LONGEST).collect())
    }

    /// The sign-in of a browser in which its person signed in directly, from the proof that they gave at this moment. The same
    /// proof always gives the same one.
    #[must_use]
    pub fn of_direct_browser(phone: &Self, proved_at: Timestamp) -> Self {
        let proved_at = proved_at.secs().to_string();
        Self(
            sha256_hex(&["direct browser", phone.as_str(), &proved_at]).chars().take(Self::LONGEST).collect(),
        )
    }

    /// The most characters it may have.
    const LONGEST: usize = 32;

    /// 1 to 32 characters of `0-9 a-z -`; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let well_formed = (1..=Self::LONGEST).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-');
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The verified holder of a phone token. A request's body never names one: the value comes from verifying the
/// request's token (`docs/security.md` A11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The account of its owner.
    pub account: AccountId,
    /// The sign-in, which tells the person's phones apart.
    pub sign_in: SignInId,
}

/// The holder of a verified phone token, and the app it was signed in through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The phone and its owner.
    pub phone: Phone,
    /// The app's client: `client_id` in the token. A session's client says which apps it admits
    /// (`docs/security.md` A17).
    pub app: ClientId,
    /// Where the call came from, if that is known.
    pub address: Option<IpAddr>,
}

/// What finds an account when its person signs in. Another way to prove who a person is adds a variant here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A telephone number that received a code.
    Phone(PhoneNumber),
    /// A person of a product that has accounts of its own.
    Foreign(ForeignIdentity),
}

impl Identity {
    /// The telephone number that it is, if it is one.
    #[must_use]
    pub const fn phone_number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(number) => Some(number),
            Self::Foreign(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_are_canonical() {
        assert!(AccountId::parse("3000876").is_some());
        for raw in ["", "-1", "+1", "01", "1.0", "9223372036854775808"] {
            assert_eq!(AccountId::parse(raw), None, "{raw}");
        }
    }
}
