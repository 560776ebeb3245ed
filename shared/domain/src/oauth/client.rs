//! What is registered of a client that speaks OAuth (names as in RFC 7591 section 2).

use strum::{EnumString, IntoStaticStr, VariantArray};
use url::Url;

use crate::issuer::{KeySetUrl, TokenAlgorithm};

/// What is registered of it, besides what every client has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OauthClient {
    /// The addresses that an authorization code may be sent to.
    pub redirect_uris: Vec<RedirectUri>,
    /// The addresses that a browser may be sent to after it was signed out here (OpenID Connect RP-Initiated Logout 1.0
    /// section 3.1).
    pub logout_uris: Vec<RedirectUri>,
    /// How it may get tokens.
    pub grants: Vec<GrantType>,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// The public keys that verify its assertions.
    pub keys: Option<RegisteredKeys>,
    /// Whether its authorization requests must be pushed (RFC 9126 section 6).
    pub pushes: bool,
    /// Whether its requests need a PKCE challenge.
    pub pkce: Pkce,
    /// What its ID and access tokens are signed with (`id_token_signed_response_alg`).
    pub signed: TokenAlgorithm,
}

/// Whether the requests of a client need a PKCE challenge (RFC 7636).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Pkce {
    /// They do (RFC 9700 section 2.1.1).
    #[default]
    Required,
    /// A request without one is taken, because the client knows no PKCE, as Amazon Cognito does not. Such a client has
    /// a secret or a key, so a stolen code is worth nothing without it.
    Optional,
}

words!(Pkce);

impl Pkce {
    /// Both.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// The public keys of a client (`jwks` or `jwks_uri`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisteredKeys {
    /// The text of a JWK Set. `saoma_tokens::foreign` has checked it before it was registered, and reads it.
    Set(String),
    /// Where the client publishes them, so that it can replace them without an operator.
    At(KeySetUrl),
}

impl RegisteredKeys {
    /// From a text that was checked: an address, or a JWK Set.
    #[must_use]
    pub fn from_checked(text: &str) -> Self {
        KeySetUrl::parse(text).map_or_else(|| Self::Set(text.to_owned()), Self::At)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Set(text) => text,
            Self::At(address) => address.url().as_str(),
        }
    }
}

/// How tokens are got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum GrantType {
    /// For a code that its page brings (RFC 6749 section 4.1).
    AuthorizationCode,
    /// For a refresh token (RFC 6749 section 6).
    RefreshToken,
    /// For a device code (RFC 8628 section 3.4).
    DeviceCode,
    /// For a person who was asked on their phone (OpenID Connect CIBA Core section 10.1).
    Ciba,
}

words!(GrantType);

impl GrantType {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its `grant_type` at the token endpoint.
    #[must_use]
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::AuthorizationCode | Self::RefreshToken => self.as_str(),
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Ciba => "urn:openid:params:grant-type:ciba",
        }
    }

    /// The grant with this `grant_type`; `None` for any other.
    #[must_use]
    pub fn of_wire(raw: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.wire_name() == raw)
    }
}

/// How a client proves who it is at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ClientAuth {
    /// By its secret: `client_secret_basic` or `client_secret_post`, whichever it sends.
    #[default]
    ClientSecret,
    /// By an assertion that a key of its own has signed (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: a program on a person's device keeps no secret (RFC 6749 section 2.1).
    None,
}

words!(ClientAuth);

impl ClientAuth {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// The hosts of the own machine, as an address spells them.
const LOOPBACKS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// The parameters of our answer, which no registered address has in its query.
const ANSWERS: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// A registered redirect address, compared as text (RFC 9700 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads one: `https`, `http` to the own machine (RFC 8252 section 7.3), or a scheme of an app that is a domain
    /// name turned around (RFC 8252 section 7.1), without user, password, fragment or a parameter of our answer. `None` for any other
    /// (`docs/security.md` W4).
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let suspicious = raw.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\' || c == '@')
            || raw.to_ascii_lowercase().contains("%0d")
            || raw.to_ascii_lowercase().contains("%0a");
        let url = Url::parse(raw).ok().filter(|url| !suspicious && url.fragment().is_none())?;
        let admitted = match url.scheme() {
            "https" => raw.starts_with("https://") && url.host_str().is_some(),
            "http" => own_machine(raw).is_some(),
            scheme => scheme.contains('.'),
        };
        let answers = url.query_pairs().any(|(name, _)| ANSWERS.contains(&&*name));
        (admitted && !answers).then(|| Self(raw.to_owned()))
    }

    /// The address as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request may ask for `asked`: the same text. Where it leads to the own machine, the port is free,
    /// because a native app takes whichever port it gets (RFC 8252 section 7.3).
    #[must_use]
    pub fn admits(&self, asked: &str) -> bool {
        self.0 == asked || own_machine(&self.0).is_some_and(|own| own_machine(asked) == Some(own))
    }
}

/// The host of an address of the own machine, and what follows the port; `None` for any other text.
fn own_machine(raw: &str) -> Option<(&str, &str)> {
    let rest = raw.strip_prefix("http://")?;
    let host = LOOPBACKS.into_iter().find(|host| rest.starts_with(host))?;
    let after = rest.strip_prefix(host)?;
    let tail = match after.strip_prefix(':') {
        None => after,
        Some(port) => {
            let tail = port.trim_start_matches(|c: char| c.is_ascii_digit());
            port.strip_suffix(tail)?.parse::<u16>().ok()?;
            tail
        }
    };
    (tail.is_empty() || tail.starts_with(['/', '?'])).then_some((host, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    // W4
    #[test]
    fn a_redirect_address_is_compared_as_text() {
        let registered = RedirectUri::parse("https://shop.example/cb?from=qr").unwrap();
        assert!(registered.admits("https://shop.example/cb?from=qr"));
        for other in [
            "https://shop.example/cb",
            "https://shop.example/cb?from=qr&x=1",
            "https://shop.example/cb/../evil?from=qr",
            "https://shop.example:443/cb?from=qr",
            "https://SHOP.example/cb?from=qr",
            "https://shop.example.evil.example/cb?from=qr",
            "//shop.example/cb?from=qr",
            "",
        ] {
            assert!(!registered.admits(other), "{other}");
        }
    }

    // W4
    #[test]
    fn the_port_of_the_own_machine_is_free() {
        let native = RedirectUri::parse("http://127.0.0.1/cb").unwrap();
        assert!(native.admits("http://127.0.0.1/cb") && native.admits("http://127.0.0.1:51004/cb"));
        for other in [
            "http://127.0.0.1:51004/other",
            "http://localhost:51004/cb",
            "https://127.0.0.1:51004/cb",
            "http://127.0.0.1:51004@evil.example/cb",
            "http://127.0.0.1:70000/cb",
            "http://127.0.0.1:/cb",
            "http:127.0.0.1/cb",
            "http://127.0.0.1/./cb",
            "http://127.1/cb",
        ] {
            assert!(!native.admits(other), "{other}");
        }
        let app = RedirectUri::parse("com.example.app:/cb").unwrap();
        assert!(app.admits("com.example.app:/cb") && !app.admits("com.example.app:/cb2"));
    }

    // W4
    #[test]
    fn only_plain_addresses_are_registered() {
        for bad in [
            "http://shop.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://good@evil.example/",
            "https://shop.example/#x",
            "https://shop.example/%0d%0a",
            "https://shop.example/a b",
            "https:shop.example/cb",
            "http:127.0.0.1/cb",
            "http://2130706433/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:x/cb",
            "https://shop.example/cb?code=x",
            "https://shop.example/cb?a=b&state=x",
            "/cb",
            "",
        ] {
            assert_eq!(RedirectUri::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_grant_has_its_name_of_the_rfc() {
        assert_eq!(
            GrantType::of_wire("urn:ietf:params:oauth:grant-type:device_code"),
            Some(GrantType::DeviceCode)
        );
        assert_eq!(GrantType::of_wire("device_code"), None);
        assert_eq!(GrantType::of_wire("password"), None);
        assert_eq!(GrantType::parse("device_code"), Some(GrantType::DeviceCode));
    }
}
