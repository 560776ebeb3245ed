//! Scopes (RFC 6749 section 3.3).

use std::fmt;

use strum::{EnumString, IntoStaticStr, VariantArray};

/// One scope that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// An ID token, and with it the account's number as `sub` (OpenID Connect Core section 3.1.2.1).
    Openid,
    /// The masked name (OpenID Connect Core section 5.4).
    Profile,
    /// The telephone number (OpenID Connect Core section 5.4).
    Phone,
    /// A refresh token, also where the person is away (OpenID Connect Core section 11).
    OfflineAccess,
}

words!(Scope);

impl Scope {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes. It is written in the order of [`Scope`]'s variants, so equal sets have equal texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Reads scopes with spaces between them. A scope that we do not know is left out: the answer of the token endpoint
    /// says what was granted (RFC 6749 section 3.3).
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        Self(raw.split(' ').filter_map(Scope::parse).fold(0, |set, scope| set | scope.bit()))
    }

    /// The same where a scope that we do not know is a mistake: a refresh asks for no more than was granted (RFC 6749
    /// section 6).
    #[must_use]
    pub fn parse_known(raw: &str) -> Option<Self> {
        let mut words = raw.split(' ').filter(|word| !word.is_empty());
        words.all(|word| Scope::parse(word).is_some()).then(|| Self::parse(raw))
    }

    /// Whether it has this scope.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What a person is told of it before they agree. `openid` says no more than that they sign in. That a client stays
    /// signed in depends on whether it `refreshes`, and not on what it asks for.
    #[must_use]
    pub fn told(self, refreshes: bool) -> Vec<&'static str> {
        let is_told = |scope: &&Scope| match scope {
            Scope::Openid => false,
            Scope::OfflineAccess => refreshes,
            Scope::Profile | Scope::Phone => self.has(**scope),
        };
        Scope::ALL.iter().filter(is_told).map(|scope| scope.as_str()).collect()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every scope of it is in `granted` (`docs/security.md` A18).
    #[must_use]
    pub const fn is_within(self, granted: Self) -> bool {
        self.0 & !granted.0 == 0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = Scope::ALL.iter().filter(|scope| self.has(**scope));
        f.write_str(&has.map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out_and_the_order_is_ours() {
        for (raw, read) in [
            ("", ""),
            ("openid", "openid"),
            ("phone  openid openid email", "openid phone"),
            ("OpenID approve_login", ""),
            ("offline_access profile", "profile offline_access"),
        ] {
            assert_eq!(Scopes::parse(raw).to_string(), read, "{raw}");
        }
    }

    // A18
    #[test]
    fn a_narrower_set_is_within_a_wider_one() {
        let (wide, narrow) = (Scopes::parse("openid phone"), Scopes::parse("openid"));
        assert!(narrow.is_within(wide) && wide.is_within(wide) && Scopes::default().is_within(narrow));
        assert!(!wide.is_within(narrow));
    }
}
