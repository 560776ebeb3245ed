//! What an account has besides its sign-ins and its history, as its person sees it (`docs/people.md`).

use crate::{
    identity::{AccountId, ClientId, SignInId},
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

/// A machine that the person has signed in on (`docs/kiosk.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The hardware address, as the machine sends it.
    pub mac: CleanText<64>,
    /// Its name, as the machine sends it.
    pub name: Option<CleanText<64>>,
    /// When it was first bound.
    pub bound_at: Timestamp,
}

impl Machine {
    /// The most machines that an account keeps. A new one then takes the place of the one that was used longest ago
    /// (`docs/security.md` K20).
    pub const MOST: usize = 50;
}

/// A device that may ask the person without a scan (`docs/remembered.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The client whose device it is.
    pub client: ClientId,
    /// The kind of device.
    pub policy: LoginPolicy,
    /// The device.
    pub device: DeviceId,
    /// The sign-in of the phone that scanned.
    pub approved_by: SignInId,
    /// Whether it may ask. A person who said no must scan the next time.
    pub may_ask: bool,
    /// When the pair was made.
    pub paired_at: Timestamp,
}

/// Where a list goes on: the place of the last row of the page before, within the lists of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The most bytes it may have: DynamoDB's limit of a sort key.
    pub const LONGEST: usize = 1024;

    /// From the key of a row, or from a caller who sends it back; `None` when it cannot be one.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        (1..=Self::LONGEST).contains(&raw.len()).then(|| Self(raw.to_owned()))
    }

    /// The place.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows. A page may be empty although more follow.
    pub rows: Vec<T>,
    /// Where the list goes on, if it does.
    pub next: Option<Place>,
}

impl<T> Page<T> {
    /// The same page with other rows: those that `row` makes of its rows.
    pub fn only<U>(self, row: impl FnMut(T) -> Option<U>) -> Page<U> {
        Page { rows: self.rows.into_iter().filter_map(row).collect(), next: self.next }
    }
}

/// The page of one account's list that a caller asks for.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Whose list.
    pub account: AccountId,
    /// Where the page before ended; `None` asks for the first page.
    pub after: Option<Place>,
    /// The most rows, at least 1.
    pub most: u16,
}

impl Turn {
    /// The first page of an account's list.
    #[must_use]
    pub const fn first(account: AccountId, most: u16) -> Self {
        Self { account, after: None, most }
    }
}
