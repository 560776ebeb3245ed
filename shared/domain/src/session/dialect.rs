//! The wire contracts.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The wire contract a session speaks (CONTRACTS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Dialect {
    /// All-in-one machines with a mini-program (section 1).
    Kiosk,
    /// PC pages with an app (section 2).
    Web,
    /// Hosted clients with asynchronous answers (section 3).
    Remembered,
    /// The three-call login (section 4).
    Shop,
}

words!(Dialect);

impl Dialect {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;
}
