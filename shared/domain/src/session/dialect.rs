//! The wire contracts.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The wire contract a session speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Dialect {
    /// All-in-one machines with a mini-program (`docs/kiosk.md`).
    Kiosk,
    /// PC pages with an app (`docs/web.md`).
    Web,
    /// Hosted clients with asynchronous answers (`docs/remembered.md`).
    Remembered,
    /// The three-call login (`docs/shop.md`).
    Shop,
    /// Standard clients, by OAuth 2.0 and OpenID Connect (`docs/oauth.md`).
    Oauth,
}

words!(Dialect);

impl Dialect {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;
}
