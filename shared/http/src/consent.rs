//! What a phone shows its person before they confirm (`docs/security.md` I1).

use std::net::IpAddr;

use saoma_domain::{
    client::{Client, Logo},
    oauth::GrantType,
    session::{MatchNumber, Session},
    text::CleanText,
    time::Timestamp,
};
use serde::Serialize;

use crate::{Facts, Problem, facts::network_of};

/// The client that asks, what its screen says about itself, and what we saw of the screen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    client: ConsentClient,
    screen: ConsentScreen,
    seen: ConsentSeen,
    match_number: ConsentMatch,
    /// What the client will learn and may do, where it asks by OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'static str>>,
    /// The client's words, where its server has the person asked (CIBA). Nothing verifies them.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_message: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ConsentClient {
    id: String,
    name: String,
    logo: Option<String>,
}

/// The screen's own claims.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsentScreen {
    device_name: Option<String>,
    device_mac: Option<String>,
}

/// What we saw of the screen when it asked for the code.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsentSeen {
    ip: Option<String>,
    /// Whether the phone calls from the same network; `None` when that cannot be told, because one of them uses IPv4 and
    /// the other IPv6 (`docs/security.md` I3).
    same_network: Option<bool>,
    browser: Option<String>,
    /// Seconds since the epoch, by our clock.
    at: u64,
    /// How many seconds ago, by our clock, because the phone's clock may be wrong.
    age: u64,
}

#[derive(Clone, Debug, Serialize)]
struct ConsentMatch {
    policy: &'static str,
    choices: Vec<String>,
}

impl Consent {
    /// For a session and its client, shown to a phone that calls with these facts.
    #[must_use]
    pub fn new(session: &Session, client: Option<&Client>, phone: &Facts, now: Timestamp) -> Self {
        let own = |text: &CleanText<64>| text.as_str().to_owned();
        let id = session.client.as_str().to_owned();
        let refreshes = client.is_some_and(|client| client.oauth.grants.contains(&GrantType::RefreshToken));
        let choices = session.match_choices().into_iter().flatten();
        Self {
            client: ConsentClient {
                name: client.map_or_else(|| id.clone(), |client| client.name.to_string()),
                id,
                logo: client.and_then(|client| client.logo.as_ref()).map(Logo::to_data_url),
            },
            screen: ConsentScreen {
                device_name: session.claims.device_name.as_ref().map(own),
                device_mac: session.claims.device_mac.as_ref().map(own),
            },
            seen: ConsentSeen {
                ip: session.seen.ip.map(|ip| ip.to_string()),
                same_network: same_network(session.seen.ip, phone.ip),
                browser: session.seen.browser.as_ref().map(ToString::to_string),
                at: session.created_at.secs(),
                age: now.since(session.created_at).as_secs(),
            },
            scopes: session.flow.scopes().map(|scopes| scopes.told(refreshes)),
            binding_message: session.flow.words().map(|words| words.as_str().to_owned()),
            match_number: ConsentMatch {
                policy: session.match_policy.as_str(),
                choices: choices.map(|number| number.to_string()).collect(),
            },
        }
    }
}

/// Whether two addresses belong to one network, as far as that can be told.
fn same_network(screen: Option<IpAddr>, phone: Option<IpAddr>) -> Option<bool> {
    let (screen, phone) = (screen?, phone?);
    (screen.is_ipv4() == phone.is_ipv4()).then(|| network_of(screen) == network_of(phone))
}

/// Reads the number that a person picked. The body may leave it out.
///
/// # Errors
/// 400 when it is not two digits.
pub fn picked_number(raw: Option<&str>) -> Result<Option<MatchNumber>, Problem> {
    MatchNumber::read_optional(raw)
        .map_err(|()| Problem::bad_request("malformed_match_number", "A match number is two digits."))
}
