//! Products that have accounts of their own, and whose apps approve logins with the tokens that they hold already
//! (`docs/issuers.md`).
//!
//! * [`TokenIssuer`]: what a client registers of the issuer of its app's tokens.
//! * [`PresentedToken`]: a token that says it is of such an issuer.
//! * [`ForeignIdentity`]: a person as such an issuer knows them. It belongs to one registration of one client, so a client
//!   that registers another client's issuer gets none of that client's people.

use std::fmt;

use strum::{EnumString, IntoStaticStr, VariantArray};
use url::Url;

use crate::{
    client::{Client, read_address},
    identity::{ClientId, SignInId},
    secrets::sha256_hex,
    time::Timestamp,
};

/// The longest audience, subject or `sid` of an issuer, in bytes. OpenID Connect Core section 2 gives subjects as many.
pub const LONGEST_NAME: usize = 255;

/// What a client registers of the issuer of its app's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIssuer {
    /// `iss` of its tokens.
    pub issuer: Issuer,
    /// `aud` of the tokens that it makes for this service, and for no other.
    pub audience: Audience,
    /// Where it publishes its keys.
    pub keys: KeySetUrl,
    /// The one algorithm of its tokens. No header of a token chooses another (RFC 8725 section 3.1).
    pub algorithm: TokenAlgorithm,
}

/// An issuer's name, `iss` of its tokens. Two are equal when their texts are (RFC 8414 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer(String);

impl Issuer {
    /// Reads a name: an `https` address (`http` to the own machine) without user, password, query or fragment; `None` for
    /// any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        read_address(raw).filter(|url| url.query().is_none()).map(|_| Self(raw.to_owned()))
    }

    /// The name as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An audience, `aud` of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    /// Reads an audience: 1 to [`LONGEST_NAME`] visible ASCII characters; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let visible = (1..=LONGEST_NAME).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_graphic());
        visible.then(|| Self(raw.to_owned()))
    }

    /// The audience.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a published key set (RFC 7517 section 5): `https` (`http` to the own machine), without user, password or
/// fragment. Each call checks the IP address that it connects to again, because a name may change (`docs/security.md` H9).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeySetUrl(Url);

impl KeySetUrl {
    /// Reads an address; `None` when we would not call it.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        read_address(raw).map(Self)
    }

    /// The address.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for KeySetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySetUrl({})", self.0)
    }
}

/// What an issuer's tokens are signed with (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum TokenAlgorithm {
    /// ECDSA over P-256 with SHA-256.
    #[default]
    #[strum(serialize = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[strum(serialize = "RS256")]
    Rs256,
}

words!(TokenAlgorithm);

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// A person's name at an issuer, `sub` of its tokens. It may look like anything, a number of ours too, and means nothing
/// outside its [`ForeignIdentity`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// Reads a subject: 1 to [`LONGEST_NAME`] bytes without control characters; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        is_name(raw).then(|| Self(raw.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a person's sign-in at an issuer, `sid` of its tokens (OpenID Connect Front-Channel Logout section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForeignSignIn(String);

impl ForeignSignIn {
    /// Reads a `sid`: 1 to [`LONGEST_NAME`] bytes without control characters; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        is_name(raw).then(|| Self(raw.to_owned()))
    }
}

fn is_name(raw: &str) -> bool {
    (1..=LONGEST_NAME).contains(&raw.len()) && !raw.chars().any(char::is_control)
}

/// A person as an issuer that a client registered knows them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForeignIdentity {
    /// The client.
    pub client: ClientId,
    /// When it was registered. Another client that is registered under the same id later has none of its people
    /// (`docs/security.md` K4).
    pub registered_at: Timestamp,
    /// The issuer.
    pub issuer: Issuer,
    /// The person.
    pub subject: Subject,
}

impl ForeignIdentity {
    /// The person of this name at the issuer that this client registered.
    #[must_use]
    pub fn of(client: &Client, issuer: &Issuer, subject: Subject) -> Self {
        Self {
            client: client.id.clone(),
            registered_at: client.registered_at,
            issuer: issuer.clone(),
            subject,
        }
    }

    /// A hash over all of it: 64 hexadecimal digits. Stores find the account by it.
    #[must_use]
    pub fn digest(&self) -> String {
        self.hash_with("identity", "")
    }

    /// The id of our sign-in for a sign-in of this person at their issuer. The same `sid` always gives the same id, so a
    /// phone that scans again is the same phone.
    #[must_use]
    pub fn sign_in(&self, sid: &ForeignSignIn) -> Option<SignInId> {
        let hash: String = self.hash_with("sign-in", &sid.0).chars().take(32).collect();
        SignInId::parse(&hash)
    }

    fn hash_with(&self, purpose: &str, sid: &str) -> String {
        let registered_at = self.registered_at.secs().to_string();
        let (issuer, subject) = (self.issuer.as_str(), self.subject.as_str());
        sha256_hex(&["foreign", purpose, self.client.as_str(), &registered_at, issuer, subject, sid])
    }
}

/// A token that says it is of another issuer. Nothing of it is verified: what it says only tells which registered issuers are
/// asked.
#[derive(Clone)]
pub struct PresentedToken {
    /// The token.
    pub text: String,
    /// `iss`, as it says.
    pub unverified_issuer: String,
    /// `aud`, as it says.
    pub unverified_audiences: Vec<String>,
}

impl PresentedToken {
    /// Whether it says that this issuer made it for this audience.
    #[must_use]
    pub fn may_be_of(&self, issuer: &TokenIssuer) -> bool {
        self.unverified_issuer == issuer.issuer.as_str()
            && self.unverified_audiences.iter().any(|it| it == issuer.audience.as_str())
    }
}

/// A token serves every holder, so logs get only the issuer that it names (`docs/security.md` J2).
impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedToken(…, {:?})", self.unverified_issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(client: &str, issuer: &str, subject: &str) -> ForeignIdentity {
        ForeignIdentity {
            client: ClientId::parse(client).unwrap(),
            registered_at: Timestamp::from_secs(7),
            issuer: Issuer::parse(issuer).unwrap(),
            subject: Subject::parse(subject).unwrap(),
        }
    }

    // N1
    #[test]
    fn an_identity_is_of_one_registration_one_issuer_and_one_subject() {
        let one = identity("a", "https://a.example", "3000876");
        let sid = |raw: &str| ForeignSignIn::parse(raw).unwrap();
        let later = ForeignIdentity { registered_at: Timestamp::from_secs(8), ..one.clone() };
        for other in [
            identity("b", "https://a.example", "3000876"),
            identity("a", "https://a.example/", "3000876"),
            identity("a", "https://a.example", "3000877"),
            later,
        ] {
            assert_ne!(one.digest(), other.digest(), "{other:?}");
            assert_ne!(one.sign_in(&sid("s")), other.sign_in(&sid("s")), "{other:?}");
        }
        assert_eq!(one.sign_in(&sid("s")), one.clone().sign_in(&sid("s")));
        assert_ne!(one.sign_in(&sid("s")), one.sign_in(&sid("t")));
    }

    // W4
    #[test]
    fn only_plain_names_and_addresses_are_registered() {
        for good in ["https://id.example", "https://id.example/tenant/", "http://127.0.0.1:4000"] {
            assert_eq!(Issuer::parse(good).map(|it| it.as_str().to_owned()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "id.example",
            "http://id.example",
            "https://id.example?x",
            "https://id.example#x",
            "https://a@id.example",
        ] {
            assert_eq!(Issuer::parse(bad), None, "{bad}");
        }
        assert!(KeySetUrl::parse("https://id.example/jwks?v=1").is_some());
        assert!(KeySetUrl::parse("http://id.example/jwks").is_none());
        for bad in ["", "two words", "line\nbreak", "扫码", &"x".repeat(256)] {
            assert_eq!(Audience::parse(bad), None, "{bad}");
        }
        for bad in ["", "line\nbreak", &"x".repeat(256)] {
            assert!(Subject::parse(bad).is_none() && ForeignSignIn::parse(bad).is_none(), "{bad}");
        }
    }
}
