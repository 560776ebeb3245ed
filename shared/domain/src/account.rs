//! The people who sign in.

use std::net::IpAddr;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    identity::{AccountId, PhoneNumber},
    time::Timestamp,
};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// The number it signs in with, if any.
    pub phone_number: Option<PhoneNumber>,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When its credentials were last reset. A confirmation made before that moment no longer counts.
    pub credentials_at: Timestamp,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Account {
    /// The name others may see: a telephone number is masked.
    #[must_use]
    pub fn nick_name(&self) -> String {
        self.phone_number.as_ref().map_or_else(|| self.id.to_string(), PhoneNumber::masked)
    }

    /// Whether the account still vouches for a confirmation made at `at`: it may be used, and its credentials
    /// were not reset since.
    #[must_use]
    pub fn vouches_for(&self, at: Timestamp) -> bool {
        self.status == AccountStatus::Active && self.credentials_at <= at
    }
}

/// What the shop contract tells a person about their logins (`docs/shop.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitCount {
    /// How many there were, this one included.
    pub count: u64,
    /// When the last one was.
    pub last_at: Timestamp,
    /// Where its screen called from.
    pub last_ip: Option<IpAddr>,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum AccountStatus {
    /// It may be used.
    #[default]
    Active,
    /// It may not be used until an operator unlocks it.
    Locked,
    /// It may never be used again.
    Deleted,
}

words!(AccountStatus);
