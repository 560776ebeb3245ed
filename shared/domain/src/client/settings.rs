//! What an operator writes about a client, checked before it is stored.

use std::{net::IpAddr, ops::RangeInclusive, time::Duration};

use ipnet::IpNet;
use thiserror::Error;

use super::{Client, Logo, Origin, ReturnUrl, WebhookUrl};
use crate::{
    identity::ClientId,
    issuer::{Audience, Issuer, KeySetUrl, TokenAlgorithm, TokenIssuer},
    oauth::{ClientAuth, GrantType, OauthClient, Pkce, RedirectUri, RegisteredKeys},
    session::{Dialect, MatchPolicy},
    text::CleanText,
};

/// The most origins, apps or networks that a client may have. A change of all origins at once must fit into one
/// transaction of the store.
pub const MOST_ENTRIES: usize = 20;
/// The longest address of a page or a webhook, in bytes.
pub const LONGEST_ADDRESS: usize = 500;

/// How old the proof of a person who agrees may be at the most, in seconds: long enough to read a message and agree, and no
/// longer than a sign-in is kept without a refresh.
pub const MAX_AGE: RangeInclusive<u64> = 60..=2_592_000;

/// What an operator writes about a client. `None` leaves a setting as it is; an empty text or list clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// What people know it as: 1 to 64 bytes.
    pub name: Option<String>,
    /// The file of its [`Logo`].
    pub logo: Option<Vec<u8>>,
    /// The contract it speaks: the name of a [`Dialect`].
    pub dialect: Option<String>,
    /// The name of a [`MatchPolicy`].
    pub policy: Option<String>,
    /// Where a signed-in page goes.
    pub page: Option<String>,
    /// The other sites whose pages may call.
    pub origins: Option<Vec<String>>,
    /// Where its server is told of its logins.
    pub webhook: Option<String>,
    /// The only apps whose phones may approve its logins.
    pub apps: Option<Vec<String>>,
    /// The only networks that its screens may call from, as addresses or CIDR blocks.
    pub networks: Option<Vec<String>>,
    /// The addresses that an authorization code may be sent to.
    pub redirects: Option<Vec<String>>,
    /// The addresses that a browser may be sent to after it was signed out.
    pub logouts: Option<Vec<String>>,
    /// How it may get tokens: the names of [`GrantType`]s. Empty gives those of its kind.
    pub grants: Option<Vec<String>>,
    /// How it proves who it is: the name of a [`ClientAuth`].
    pub auth: Option<String>,
    /// `iss` of its own app's tokens, if the product has accounts of its own.
    pub issuer: Option<String>,
    /// `aud` of those tokens.
    pub audience: Option<String>,
    /// Where that issuer publishes its keys.
    pub jwks: Option<String>,
    /// The algorithm of those tokens: the name of a [`TokenAlgorithm`].
    pub alg: Option<String>,
    /// The public keys that verify its assertions: the text of a JWK Set whose keys were checked, or its address.
    pub keys: Option<String>,
    /// Whether its authorization requests must be pushed.
    pub pushes: Option<bool>,
    /// Whether its requests need a PKCE challenge: the name of a [`Pkce`].
    pub pkce: Option<String>,
    /// What its ID and access tokens are signed with: the name of a [`TokenAlgorithm`].
    pub signed: Option<String>,
    /// Whether only enrolled machines and browsers with a session may open its logins.
    pub strict: Option<bool>,
    /// Whether it shows only QRs that rotate.
    pub rotates: Option<bool>,
    /// How old the proof of the person who agrees may be, in seconds ([`MAX_AGE`]); 0 for any age.
    pub max_age: Option<u64>,
}

/// A setting that is refused, and what it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field} must be {expected}")]
pub struct Unfit {
    /// The setting.
    pub field: &'static str,
    /// What it should be.
    pub expected: String,
}

impl ClientSettings {
    /// The contract of a new client that names none: oauth with a redirect address or a grant, web with a page, else kiosk.
    #[must_use]
    pub fn default_dialect(&self) -> Dialect {
        let names_some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if names_some(&self.redirects) || names_some(&self.grants) {
            Dialect::Oauth
        } else if self.page.as_ref().is_some_and(|page| !page.is_empty()) {
            Dialect::Web
        } else {
            Dialect::Kiosk
        }
    }

    /// The client with these settings.
    ///
    /// # Errors
    /// The first setting that is refused.
    pub fn apply(&self, client: Client) -> Result<Client, Unfit> {
        let name = match &self.name {
            Some(name) => read_name(name)?,
            None => client.name,
        };
        let changed = Client {
            name,
            logo: self.logo.as_deref().map_or(Ok(client.logo), read_logo)?,
            dialects: read(self.dialect.as_ref(), "dialect", read_dialect)?.unwrap_or(client.dialects),
            match_policy: read(self.policy.as_ref(), "policy", read_policy)?.unwrap_or(client.match_policy),
            return_url: address(self.page.as_ref(), "page", ReturnUrl::parse, client.return_url)?,
            webhook: address(self.webhook.as_ref(), "webhook", WebhookUrl::parse, client.webhook)?,
            origins: list(
                self.origins.as_ref(),
                "origins",
                "https://host without a path or a slash",
                Origin::parse,
            )?
            .unwrap_or(client.origins),
            apps: list(self.apps.as_ref(), "apps", "ids of clients", ClientId::parse)?.unwrap_or(client.apps),
            networks: list(self.networks.as_ref(), "networks", "blocks such as 192.0.2.0/24", read_network)?
                .unwrap_or(client.networks),
            oauth: self.oauth(client.oauth)?,
            issuer: self.issuer(client.issuer.as_ref())?,
            strict: self.strict.unwrap_or(client.strict),
            rotates: self.rotates.unwrap_or(client.rotates),
            max_age: self.max_age.map_or(Ok(client.max_age), read_max_age)?,
            ..client
        };
        // The caller of a remembered login is the client's server, so the screen's address is never known.
        if !changed.networks.is_empty() && changed.dialects.contains(&Dialect::Remembered) {
            return Err(unfit("networks", "empty for the dialect remembered, whose screens have no address"));
        }
        let has_page = changed.return_url.is_some() || !changed.origins.is_empty();
        if changed.dialects.contains(&Dialect::Web)
            && !has_page
            && !Client::WELCOMED.contains(&changed.id.as_str())
        {
            return Err(unfit(
                "page",
                "given for the dialect web, or origins whose pages take the ticket themselves",
            ));
        }
        let changed = with_grants(changed);
        fits_its_contract(&changed)?;
        Ok(changed)
    }

    fn oauth(&self, stored: OauthClient) -> Result<OauthClient, Unfit> {
        let addresses = "https addresses, http://127.0.0.1, or com.example.app:/path";
        let redirect_uris = list(self.redirects.as_ref(), "redirects", addresses, RedirectUri::parse)?;
        let logout_uris = list(self.logouts.as_ref(), "logouts", addresses, RedirectUri::parse)?;
        let names = one_of(GrantType::ALL.iter().map(|it| it.as_str()));
        let grants = list(self.grants.as_ref(), "grants", &names, GrantType::parse)?;
        let redirect_uris = redirect_uris.unwrap_or(stored.redirect_uris);
        let logout_uris = logout_uris.unwrap_or(stored.logout_uris);
        let grants = grants.unwrap_or(stored.grants);
        let auth = read(self.auth.as_ref(), "auth", read_auth)?.unwrap_or(stored.auth);
        let keys = match self.keys.as_deref() {
            None => stored.keys,
            Some("") => None,
            Some(text) => Some(RegisteredKeys::from_checked(text)),
        };
        let pushes = self.pushes.unwrap_or(stored.pushes);
        let pkce = read(self.pkce.as_ref(), "pkce", read_pkce)?.unwrap_or(stored.pkce);
        let signed = read(self.signed.as_ref(), "signed", read_algorithm)?.unwrap_or(stored.signed);
        Ok(OauthClient { redirect_uris, logout_uris, grants, auth, keys, pushes, pkce, signed })
    }
}

impl ClientSettings {
    /// The issuer of the client's own app: each part as written here, or else as stored. All parts or none.
    fn issuer(&self, stored: Option<&TokenIssuer>) -> Result<Option<TokenIssuer>, Unfit> {
        let kept = |part: fn(&TokenIssuer) -> String| stored.map(part).unwrap_or_default();
        let text = |written: &Option<String>, part| written.clone().unwrap_or_else(|| kept(part));
        let issuer = text(&self.issuer, |it| it.issuer.as_str().to_owned());
        let audience = text(&self.audience, |it| it.audience.as_str().to_owned());
        let jwks = text(&self.jwks, |it| it.keys.url().to_string());
        let alg = self.alg.as_deref().filter(|alg| !alg.is_empty());
        if [&issuer, &audience, &jwks].iter().all(|part| part.is_empty()) {
            let alone = alg.map(|_| unfit("alg", "given with issuer, audience and jwks"));
            return alone.map_or(Ok(None), Err);
        }
        let read_alg = || match (alg, stored) {
            (Some(alg), _) => TokenAlgorithm::parse(alg),
            (None, Some(stored)) if self.alg.is_none() => Some(stored.algorithm),
            (None, _) => Some(TokenAlgorithm::default()),
        };
        let together = "and issuer, audience and jwks are given together or not at all";
        let names = one_of(TokenAlgorithm::ALL.iter().map(|it| it.as_str()));
        Ok(Some(TokenIssuer {
            issuer: part(
                &issuer,
                "issuer",
                Issuer::parse,
                &format!("an https address without a query, {together}"),
            )?,
            audience: part(
                &audience,
                "audience",
                Audience::parse,
                &format!("1 to 255 visible ASCII characters, {together}"),
            )?,
            keys: part(
                &jwks,
                "jwks",
                KeySetUrl::parse,
                &format!("the https address of a key set, {together}"),
            )?,
            algorithm: read_alg().ok_or_else(|| unfit("alg", names))?,
        }))
    }
}

/// One part of what is registered of an issuer.
fn part<T>(
    raw: &str,
    field: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<T, Unfit> {
    parse(raw).filter(|_| raw.len() <= LONGEST_ADDRESS).ok_or_else(|| unfit(field, expected))
}

/// A client that speaks OAuth and names no grants has those of its kind: a site's, where an address is registered that a
/// code may be sent to, else a device's.
fn with_grants(mut client: Client) -> Client {
    if client.dialects.contains(&Dialect::Oauth) && client.oauth.grants.is_empty() {
        let site = !client.oauth.redirect_uris.is_empty();
        let first = if site { GrantType::AuthorizationCode } else { GrantType::DeviceCode };
        client.oauth.grants = vec![first, GrantType::RefreshToken];
    }
    client
}

/// The settings of OAuth belong to its dialect, and a code needs an address to be sent to.
fn fits_its_contract(client: &Client) -> Result<(), Unfit> {
    let (oauth, speaks) = (&client.oauth, client.dialects.contains(&Dialect::Oauth));
    if !speaks && *oauth != OauthClient::default() {
        return Err(unfit("dialect", "oauth for a client with redirects, logouts, grants or auth"));
    }
    if oauth.grants.contains(&GrantType::Ciba) {
        if oauth.auth == ClientAuth::None {
            return Err(unfit(
                "auth",
                "client_secret for the grant ciba, because only a server may have people asked",
            ));
        }
        if !client.networks.is_empty() {
            return Err(unfit("networks", "empty for the grant ciba, whose screens have no address"));
        }
    }
    if oauth.grants.contains(&GrantType::AuthorizationCode) && oauth.redirect_uris.is_empty() {
        return Err(unfit("redirects", "at least one address for the grant authorization_code"));
    }
    if (oauth.auth == ClientAuth::PrivateKeyJwt) != oauth.keys.is_some() {
        return Err(unfit("key", "given for a client with auth private_key_jwt, and for no other"));
    }
    if oauth.pkce == Pkce::Optional && oauth.auth == ClientAuth::None {
        return Err(unfit("pkce", "required for a client with auth none"));
    }
    if client.rotates && !client.dialects.iter().all(|it| matches!(it, Dialect::Web | Dialect::Oauth)) {
        return Err(unfit("rotate", "off for a client of another dialect than web and oauth"));
    }
    if client.rotates && oauth.grants.contains(&GrantType::DeviceCode) {
        return Err(unfit("rotate", "off for a client with the grant device_code, whose QRs do not rotate"));
    }
    // The screen of a strict client proves itself when it opens a session, by a secret.
    if client.strict && oauth.auth == ClientAuth::PrivateKeyJwt {
        return Err(unfit("strict", "off for a client with auth private_key_jwt"));
    }
    Ok(())
}

fn unfit(field: &'static str, expected: impl Into<String>) -> Unfit {
    Unfit { field, expected: expected.into() }
}

/// A name that cleaning leaves as it is, so that people read what the operator wrote.
fn read_name(raw: &str) -> Result<CleanText<64>, Unfit> {
    CleanText::non_empty(raw)
        .filter(|name| name.as_str() == raw.trim())
        .ok_or_else(|| unfit("name", "1 to 64 bytes of visible text"))
}

fn read_logo(file: &[u8]) -> Result<Option<Logo>, Unfit> {
    let expected = format!("a square PNG of 32 to 256 pixels and at most {} bytes", Logo::LARGEST);
    match file {
        [] => Ok(None),
        file => Logo::from_png(file).map(Some).ok_or_else(|| unfit("logo", expected)),
    }
}

fn read_dialect(raw: &str) -> Result<Vec<Dialect>, String> {
    Dialect::parse(raw)
        .map(|dialect| vec![dialect])
        .ok_or_else(|| one_of(Dialect::ALL.iter().map(|it| it.as_str())))
}

fn read_policy(raw: &str) -> Result<MatchPolicy, String> {
    let names = [MatchPolicy::Off, MatchPolicy::Show, MatchPolicy::Pick].map(MatchPolicy::as_str);
    MatchPolicy::parse(raw).ok_or_else(|| one_of(names.into_iter()))
}

fn read_auth(raw: &str) -> Result<ClientAuth, String> {
    ClientAuth::parse(raw).ok_or_else(|| one_of(ClientAuth::ALL.iter().map(|it| it.as_str())))
}

fn read_algorithm(raw: &str) -> Result<TokenAlgorithm, String> {
    TokenAlgorithm::parse(raw).ok_or_else(|| one_of(TokenAlgorithm::ALL.iter().map(|it| it.as_str())))
}

fn read_pkce(raw: &str) -> Result<Pkce, String> {
    Pkce::parse(raw).ok_or_else(|| one_of(Pkce::ALL.iter().map(|it| it.as_str())))
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("one of {}", names.collect::<Vec<_>>().join(", "))
}

fn read_max_age(seconds: u64) -> Result<Option<Duration>, Unfit> {
    match seconds {
        0 => Ok(None),
        _ if MAX_AGE.contains(&seconds) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(unfit(
            "maxAge",
            format!("{} to {} seconds, or 0 for any age", MAX_AGE.start(), MAX_AGE.end()),
        )),
    }
}

/// A block, or a single address as a block of its own.
fn read_network(raw: &str) -> Option<IpNet> {
    let block = raw.parse::<IpNet>().ok().or_else(|| raw.parse::<IpAddr>().ok().map(IpNet::from))?;
    Some(block.trunc())
}

fn read<T>(
    raw: Option<&String>,
    field: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Unfit> {
    raw.map(|raw| parse(raw).map_err(|expected| unfit(field, expected))).transpose()
}

/// The address that an operator wrote, or the one that is stored.
fn address<T>(
    raw: Option<&String>,
    field: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    stored: Option<T>,
) -> Result<Option<T>, Unfit> {
    let plain = "an https address without user, password, fragment or, for a page, a ticket (http for localhost only)";
    match raw.map(String::as_str) {
        None => Ok(stored),
        Some("") => Ok(None),
        Some(raw) => {
            let read = parse(raw).filter(|_| raw.len() <= LONGEST_ADDRESS);
            let expected = || unfit(field, format!("{plain}, at most {LONGEST_ADDRESS} bytes"));
            read.map(Some).ok_or_else(expected)
        }
    }
}

fn list<T: PartialEq>(
    raw: Option<&Vec<String>>,
    field: &'static str,
    entries: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, Unfit> {
    let Some(raw) = raw else { return Ok(None) };
    let mut read = Vec::new();
    for entry in raw {
        let parsed = parse(entry).filter(|_| entry.len() <= LONGEST_ADDRESS);
        let parsed = parsed.ok_or_else(|| unfit(field, format!("{entries}; {} is none", quoted(entry))))?;
        if read.contains(&parsed) {
            return Err(unfit(field, format!("different entries; {} is there twice", quoted(entry))));
        }
        read.push(parsed);
    }
    if read.len() > MOST_ENTRIES {
        return Err(unfit(field, format!("at most {MOST_ENTRIES} entries")));
    }
    Ok(Some(read))
}

/// The beginning of what an operator wrote, in quotes and without control characters.
fn quoted(raw: &str) -> String {
    format!("{:?}", raw.chars().take(64).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::identity::ClientId;

    fn kiosk() -> Client {
        Client::plain(ClientId::parse("shop").unwrap(), CleanText::new("Shop"), vec![Dialect::Kiosk])
    }

    fn refused(settings: &ClientSettings) -> String {
        settings.apply(kiosk()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_written_stays_and_what_is_empty_is_cleared() {
        let full = ClientSettings {
            name: Some("Our shop".to_owned()),
            dialect: Some("web".to_owned()),
            policy: Some("pick".to_owned()),
            page: Some("https://shop.example/in".to_owned()),
            origins: Some(vec!["https://shop.example".to_owned()]),
            webhook: Some("https://shop.example/hook".to_owned()),
            apps: Some(vec!["app".to_owned()]),
            networks: Some(vec!["192.0.2.7/24".to_owned(), "2001:db8::1".to_owned()]),
            strict: Some(true),
            rotates: Some(true),
            max_age: Some(300),
            ..ClientSettings::default()
        };
        let client = full.apply(kiosk()).unwrap();
        assert_eq!(ClientSettings::default().apply(client.clone()).unwrap(), client);
        assert!(client.admits_network("192.0.2.200".parse().ok()));
        let none = Some(Vec::new());
        let cleared = ClientSettings {
            dialect: Some("kiosk".to_owned()),
            rotates: Some(false),
            page: Some(String::new()),
            webhook: Some(String::new()),
            origins: none.clone(),
            apps: none.clone(),
            networks: none,
            max_age: Some(0),
            ..ClientSettings::default()
        };
        let cleared = cleared.apply(client).unwrap();
        assert_eq!((&cleared.return_url, &cleared.webhook, cleared.max_age), (&None, &None, None));
        assert!(cleared.origins.is_empty() && cleared.apps.is_empty() && cleared.networks.is_empty());
        assert_eq!(cleared.name.as_str(), "Our shop");
    }

    #[test]
    fn each_setting_has_its_limits() {
        let settings = ClientSettings::default;
        for name in ["", "  ", &"x".repeat(65), "two\nlines", "hid\u{200B}den"] {
            assert!(
                refused(&ClientSettings { name: Some(name.to_owned()), ..settings() }).starts_with("name"),
                "{name}"
            );
        }
        for address in
            ["http://shop.example/in", "javascript:x", &format!("https://a.example/{}", "x".repeat(500))]
        {
            assert!(
                refused(&ClientSettings { page: Some(address.to_owned()), ..settings() }).starts_with("page")
            );
            assert!(
                refused(&ClientSettings { webhook: Some(address.to_owned()), ..settings() })
                    .starts_with("webhook")
            );
        }
        assert!(
            refused(&ClientSettings { dialect: Some("oauth9".to_owned()), ..settings() })
                .contains("remembered")
        );
        assert!(
            refused(&ClientSettings { policy: Some("none".to_owned()), ..settings() })
                .contains("off, show, pick")
        );
        let many: Vec<String> = (0..=MOST_ENTRIES).map(|n| format!("https://s{n}.example")).collect();
        for origins in [many, vec!["https://*.example".to_owned()], vec!["https://a.example".to_owned(); 2]] {
            assert!(refused(&ClientSettings { origins: Some(origins), ..settings() }).starts_with("origins"));
        }
        let slash = ClientSettings { origins: Some(vec!["https://a.example/".to_owned()]), ..settings() };
        assert_eq!(
            refused(&slash),
            "origins must be https://host without a path or a slash; \"https://a.example/\" is none"
        );
        for network in ["", "192.0.2.0/33", "office"] {
            let networks = Some(vec![network.to_owned()]);
            assert!(refused(&ClientSettings { networks, ..settings() }).starts_with("networks"), "{network}");
        }
        for max_age in [1, 59, 2_592_001, u64::MAX] {
            let max_age = Some(max_age);
            assert!(refused(&ClientSettings { max_age, ..settings() }).starts_with("maxAge"), "{max_age:?}");
        }
        assert!(
            refused(&ClientSettings { dialect: Some("web".to_owned()), ..settings() }).starts_with("page")
        );
        let own = Client { id: ClientId::parse(Client::SIGN_IN).unwrap(), ..kiosk() };
        let web = ClientSettings { dialect: Some("web".to_owned()), ..settings() };
        assert!(web.apply(own).is_ok(), "its people are welcomed by our own page");
        let networks = Some(vec!["192.0.2.0/24".to_owned()]);
        let remembered = ClientSettings { dialect: Some("remembered".to_owned()), networks, ..settings() };
        assert!(refused(&remembered).starts_with("networks"));
    }

    #[test]
    fn a_client_that_speaks_oauth_has_the_grants_of_its_kind_or_those_it_names() {
        use GrantType::{AuthorizationCode, DeviceCode, RefreshToken};
        let texts = |raw: &[&str]| Some(raw.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let settings = ClientSettings::default;
        let site = ClientSettings { redirects: texts(&["https://a.example/cb"]), ..settings() };
        let device = ClientSettings { dialect: Some("oauth".to_owned()), ..settings() };
        let named = ClientSettings { grants: texts(&["device_code"]), ..settings() };
        for (settings, grants) in [
            (site.clone(), vec![AuthorizationCode, RefreshToken]),
            (device, vec![DeviceCode, RefreshToken]),
            (named, vec![DeviceCode]),
        ] {
            let plain = Client { dialects: vec![settings.default_dialect()], ..kiosk() };
            assert_eq!(settings.apply(plain).unwrap().oauth.grants, grants);
        }
        assert!(refused(&site).starts_with("dialect"), "a kiosk redirects nowhere");
        let code = ClientSettings { grants: texts(&["authorization_code"]), ..settings() };
        let plain = Client { dialects: vec![Dialect::Oauth], ..kiosk() };
        assert!(code.apply(plain.clone()).unwrap_err().to_string().starts_with("redirects"));
        for bad in [&["http://a.example/cb"][..], &["https://a.example/cb#x"], &["https://a.example/cb"; 2]] {
            let settings = ClientSettings { redirects: texts(bad), ..settings() };
            assert!(
                settings.apply(plain.clone()).unwrap_err().to_string().starts_with("redirects"),
                "{bad:?}"
            );
        }
        let pkce = |auth: &str| ClientSettings {
            auth: Some(auth.to_owned()),
            pkce: Some("optional".to_owned()),
            ..settings()
        };
        assert_eq!(pkce("client_secret").apply(plain.clone()).unwrap().oauth.pkce, Pkce::Optional);
        assert!(pkce("none").apply(plain.clone()).unwrap_err().to_string().starts_with("pkce"));
        let auth = ClientSettings { auth: Some("mtls".to_owned()), ..settings() };
        assert!(auth.apply(plain).unwrap_err().to_string().contains("client_secret, private_key_jwt, none"));
    }

    // I9
    #[test]
    fn an_issuer_is_registered_with_all_its_parts_or_not_at_all() {
        let some = |text: &str| Some(text.to_owned());
        let full = ClientSettings {
            issuer: some("https://id.example"),
            audience: some("saoma"),
            jwks: some("https://id.example/keys"),
            ..ClientSettings::default()
        };
        let client = full.apply(kiosk()).unwrap();
        let issuer = client.issuer.as_ref().unwrap();
        assert_eq!((issuer.issuer.as_str(), issuer.algorithm), ("https://id.example", TokenAlgorithm::Es256));
        assert_eq!(ClientSettings::default().apply(client.clone()).unwrap(), client);
        let rsa = ClientSettings { alg: some("RS256"), ..ClientSettings::default() };
        let rsa = rsa.apply(client.clone()).unwrap();
        assert_eq!(rsa.issuer.as_ref().unwrap().algorithm, TokenAlgorithm::Rs256);
        let moved = ClientSettings { jwks: some("https://id.example/new"), ..ClientSettings::default() };
        assert_eq!(moved.apply(rsa).unwrap().issuer.unwrap().algorithm, TokenAlgorithm::Rs256);
        let none = ClientSettings {
            issuer: some(""),
            audience: some(""),
            jwks: some(""),
            ..ClientSettings::default()
        };
        assert_eq!(none.apply(client).unwrap().issuer, None);
        for (settings, field) in [
            (ClientSettings { issuer: None, ..full.clone() }, "issuer"),
            (ClientSettings { audience: None, ..full.clone() }, "audience"),
            (ClientSettings { jwks: some(""), ..full.clone() }, "jwks"),
            (ClientSettings { issuer: some("http://id.example"), ..full.clone() }, "issuer"),
            (ClientSettings { jwks: some("ftp://id.example"), ..full.clone() }, "jwks"),
            (ClientSettings { alg: some("HS256"), ..full.clone() }, "alg"),
            (ClientSettings { alg: some("ES256"), ..ClientSettings::default() }, "alg"),
        ] {
            assert!(refused(&settings).starts_with(field), "{}", refused(&settings));
        }
    }

    #[test]
    fn an_address_that_is_not_known_is_in_no_network() {
        let networks = Some(vec!["192.0.2.0/24".to_owned()]);
        let client = ClientSettings { networks, ..ClientSettings::default() }.apply(kiosk()).unwrap();
        let at = |ip: &str| client.admits_network(Some(ip.parse::<IpAddr>().unwrap()));
        assert!(at("192.0.2.1") && at("::ffff:192.0.2.1") && !at("192.0.3.1") && !at("2001:db8::1"));
        assert!(!client.admits_network(None));
        assert!(kiosk().admits_network(None), "without networks, every address");
    }
}
