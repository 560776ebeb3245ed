//! The products that may open sessions.
//!
//! * [`Client`]: a registered product, or one that is built in.
//! * [`Lookup`], [`BuiltIns`]: what a store knows of a client, and the clients that need no registration.
//! * [`Logo`]: its picture.
//! * [`settings`]: what an operator writes about a client, checked.

mod built_in;
mod logo;
pub mod settings;

pub use built_in::{BuiltIns, Lookup, Unregistered};
pub use logo::Logo;

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use url::Url;

use crate::{
    identity::ClientId,
    issuer::TokenIssuer,
    oauth::OauthClient,
    ports::Randomness,
    secrets::{Secret, SecretHash, random_hex},
    session::{Dialect, MatchPolicy},
    sign_in::{Method, SignIn},
    text::CleanText,
    time::Timestamp,
};

/// A registered product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// What people know it as.
    pub name: CleanText<64>,
    /// The picture that people see beside the name.
    pub logo: Option<Logo>,
    /// The contracts it opens sessions through. A web client's token is given only in exchange for a ticket, to
    /// the client's server. Opening a kiosk session for such a client is therefore refused.
    pub dialects: Vec<Dialect>,
    /// Whether a person must pick the match number, may pick it, or does not see it.
    pub match_policy: MatchPolicy,
    /// Where a signed-in page goes; `None` goes to our own welcome page.
    pub return_url: Option<ReturnUrl>,
    /// The other sites whose pages may call for it.
    pub origins: Vec<Origin>,
    /// The hash of its server's secret. A client without one cannot exchange tickets.
    pub secret: Option<SecretHash>,
    /// The address of its server that receives its login events.
    pub webhook: Option<WebhookUrl>,
    /// The apps whose phones may approve its logins; empty admits every app.
    pub apps: Vec<ClientId>,
    /// The networks that its screens may call from; empty admits every network.
    pub networks: Vec<IpNet>,
    /// What is registered of one that speaks OAuth.
    pub oauth: OauthClient,
    /// The issuer of its own app's tokens, if the product has accounts of its own.
    pub issuer: Option<TokenIssuer>,
    /// Whether only enrolled machines and browsers with a session may open its logins.
    pub strict: bool,
    /// Whether it shows only QRs that rotate (`docs/security.md` L9).
    pub rotates: bool,
    /// How old the proof of the person who agrees to its logins may be (`max_age` in RFC 9470); `None`
    /// for any age.
    pub max_age: Option<Duration>,
    /// Whether it is switched on. A client that is switched off is refused everywhere.
    pub enabled: bool,
    /// What the key of its webhooks is derived from.
    pub registration: Registration,
    /// What was good before its secrets were last rotated.
    pub previous: Option<Previous>,
    /// When it was registered. What is older belongs to an earlier client of this id ([`Client::is_of`]).
    pub registered_at: Timestamp,
    /// Counts the stored changes, from 1. Every write names the version that it replaces.
    pub version: u64,
}

/// 128 random bits of one registration. The key of a client's webhooks is derived from them, so a client that is
/// registered again under the same id has a new key (`docs/security.md` K4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration(String);

impl Registration {
    /// A fresh one.
    pub fn random(random: &dyn Randomness) -> Self {
        Self(random_hex(random))
    }

    /// From a stored one.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The registration of the built-in clients, which are never registered and have no webhooks.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// The bits, in hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secrets before the last rotation. They stay good for a while, so that a server can change to the new ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The hash of its server's previous secret.
    pub secret: Option<SecretHash>,
    /// What the previous key of its webhooks is derived from.
    pub registration: Registration,
    /// When they stop being good.
    pub until: Timestamp,
}

impl Client {
    /// The kiosk contract's default `channel` (`docs/kiosk.md`).
    pub const DEFAULT_KIOSK: &'static str = "HOSPITAL_SAAS";
    /// The client of our own sign-in page, which shows the match number: its people must pick it. Its QRs rotate.
    pub const SIGN_IN: &'static str = "sign-in";
    /// The web contract's default (`docs/web.md`). Its screens may show no number.
    pub const DEFAULT_WEB: &'static str = "saoma";
    /// The clients whose people our own welcome page takes, so they need no page.
    pub const WELCOMED: [&'static str; 2] = [Self::SIGN_IN, Self::DEFAULT_WEB];
    /// The shop contract's default.
    pub const DEFAULT_SHOP: &'static str = "shop";

    /// A client with these dialects and nothing else set.
    #[must_use]
    pub fn plain(id: ClientId, name: CleanText<64>, dialects: Vec<Dialect>) -> Self {
        Self {
            id,
            name,
            logo: None,
            dialects,
            match_policy: MatchPolicy::default(),
            return_url: None,
            origins: Vec::new(),
            secret: None,
            webhook: None,
            apps: Vec::new(),
            networks: Vec::new(),
            oauth: OauthClient::default(),
            issuer: None,
            strict: false,
            rotates: false,
            max_age: None,
            enabled: true,
            registration: Registration::none(),
            previous: None,
            registered_at: Timestamp::default(),
            version: 1,
        }
    }

    /// Whether a phone that signed in through `app` at this moment may approve its logins (`docs/security.md` A17). A
    /// sign-in through an earlier client of its own id may not (K4). One through an earlier client of another id ends with
    /// its access token, because it is not refreshed.
    #[must_use]
    pub fn admits(&self, app: &ClientId, since: Timestamp) -> bool {
        let is_earlier = *app == self.id && !self.is_of(since);
        self.apps.is_empty() || (self.apps.contains(app) && !is_earlier)
    }

    /// Whether the phone of this sign-in may approve its logins. A sign-in with a token of another issuer may only through
    /// the client's own app and those that it lists: an empty list admits none of them.
    #[must_use]
    pub fn admits_sign_in(&self, sign_in: &SignIn) -> bool {
        let (app, since) = (&sign_in.client, sign_in.created_at);
        match sign_in.method {
            Method::Sms => self.admits(app, since),
            Method::Foreign => self.admits_people_of(app) && (*app != self.id || self.is_of(since)),
        }
    }

    /// Whether the people of the issuer that `app` registered may approve its logins: its own, and those of the apps that
    /// it lists.
    #[must_use]
    pub fn admits_people_of(&self, app: &ClientId) -> bool {
        *app == self.id || self.apps.contains(app)
    }

    /// Whether a screen at this address may show its logins. Where it admits only some networks, an address that is
    /// not known is none of them.
    #[must_use]
    pub fn admits_network(&self, address: Option<IpAddr>) -> bool {
        let admitted = |ip: IpAddr| self.networks.iter().any(|network| network.contains(&ip.to_canonical()));
        self.networks.is_empty() || address.is_some_and(admitted)
    }

    /// Whether `secret` is this client's now.
    #[must_use]
    pub fn is_authenticated_by(&self, secret: &Secret, now: Timestamp) -> bool {
        self.has_secret(&secret.hash(), now)
    }

    /// The same, by the secret's hash.
    pub(crate) fn has_secret(&self, secret: &SecretHash, now: Timestamp) -> bool {
        let previous = self.previous_at(now).and_then(|previous| previous.secret);
        self.secret.into_iter().chain(previous).any(|hash| hash == *secret)
    }

    /// What the keys of its webhooks are derived from now: the current registration, then the previous one while it
    /// is good.
    pub fn registrations(&self, now: Timestamp) -> impl Iterator<Item = &Registration> {
        let previous = self.previous_at(now).map(|previous| &previous.registration);
        std::iter::once(&self.registration).chain(previous)
    }

    fn previous_at(&self, now: Timestamp) -> Option<&Previous> {
        self.previous.as_ref().filter(|previous| now < previous.until)
    }
}

/// An address a signed-in page may be sent to: absolute, `https` (or `http` to the own machine),
/// without user, password, fragment or a `ticket` of its own (`docs/security.md` W4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(Url);

impl ReturnUrl {
    /// Reads an address; `None` when we would not send a person there.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        // A page could not tell a ticket of its own from ours.
        let has_ticket = |url: &Url| url.query_pairs().any(|(name, _)| name == "ticket");
        read_address(raw).filter(|url| !has_ticket(url)).map(Self)
    }

    /// The address with a one-time `ticket` in its query.
    #[must_use]
    pub fn with_ticket(&self, ticket: &str) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair("ticket", ticket);
        url.into()
    }

    /// The address as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Reads an address that we send a person or a call to; `None` for any other.
pub(crate) fn read_address(raw: &str) -> Option<Url> {
    let suspicious = raw.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        || raw.to_ascii_lowercase().contains("%0d")
        || raw.to_ascii_lowercase().contains("%0a");
    let url = Url::parse(raw).ok().filter(|_| !suspicious)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (plain && !raw.contains('@') && is_safe_transport(&url)).then_some(url)
}

/// An address of a client's server that receives login events: absolute, `https` (or `http` to the
/// own machine), without user, password or fragment. Each call checks the IP address that it connects to
/// again, because a name may change (`docs/security.md` H9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
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

/// A web origin (RFC 6454). Two origins are equal when their texts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `scheme://host[:port]` in its canonical form; `None` for `null`, paths and wildcards.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let url = Url::parse(raw).ok()?;
        let canonical = url.origin().ascii_serialization() == raw && !raw.contains('*');
        (canonical && is_safe_transport(&url)).then(|| Self(raw.to_owned()))
    }

    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_safe_transport(url: &Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => true,
        ("http", Some(host)) => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // W4
    #[test]
    fn only_plain_absolute_addresses_are_returned_to() {
        for good in ["https://shop.example/in", "https://shop.example/in?from=qr", "http://localhost:3000/in"]
        {
            assert_eq!(ReturnUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "//evil.example/",
            "/in",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://shop.example/in",
            "https://good.example@evil.example/",
            "https://good.example/%0d%0aSet-Cookie:x",
            "https://good.example/\r\nx",
            "https:\\\\evil.example",
            "https://good.example/#x",
            "https://good.example/?ticket=evil",
            "https://good.example/?a=b&%74icket=evil",
            "",
        ] {
            assert_eq!(ReturnUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_ticket_joins_the_query() {
        let url = ReturnUrl::parse("https://shop.example/in?a=1").unwrap();
        assert_eq!(url.with_ticket("x.y&z"), "https://shop.example/in?a=1&ticket=x.y%26z");
    }

    // W3
    #[test]
    fn an_origin_is_exact() {
        assert!(Origin::parse("https://shop.example").is_some());
        assert!(Origin::parse("https://shop.example:8443").is_some());
        for bad in [
            "null",
            "*",
            "https://*.example",
            "https://shop.example/",
            "https://shop.example:443",
            "HTTPS://shop.example",
            "http://shop.example",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
