//! What API Gateway tells us about a caller, and the edge in front of it where there is one.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{header::USER_AGENT, request::Parts},
};
use lambda_http::request::RequestContext;
use saoma_domain::session::{Browser, Seen};

/// What API Gateway says about a request. `X-Forwarded-For` and `Host` are not used, because the caller chooses them
/// (`docs/security.md` D6, W13). Behind an edge that proves itself, the address is what the edge says (the module `edge`).
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The address the connection came from; behind an edge, the connection to the edge.
    pub ip: Option<IpAddr>,
    /// The browser and system in a few words, for people to recognise.
    pub browser: Option<Browser>,
    /// The name of the API's own domain.
    pub domain_name: Option<String>,
    /// API Gateway's id of the request, for logs.
    pub request_id: Option<String>,
}

impl Facts {
    /// As the session core keeps it.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen { ip: self.ip, browser: self.browser.clone() }
    }

    /// The name of the API's own domain.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain_name.as_deref()
    }

    /// The network by which limits count ([`network_of`]).
    #[must_use]
    pub fn network(&self) -> Option<IpAddr> {
        self.ip.map(network_of)
    }
}

/// The network of an address: itself, or for IPv6 the network of 2^64 addresses that one subscriber has.
#[must_use]
pub fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Facts {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Facts {
    /// What API Gateway says about the request with these parts.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get::<RequestContext>() else {
            return Self::default();
        };
        let user_agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self {
            ip: context.http.source_ip.as_deref().and_then(|ip| ip.parse().ok()),
            browser: user_agent.and_then(describe).as_deref().and_then(Browser::non_empty),
            domain_name: context.domain_name.clone(),
            request_id: context.request_id.clone(),
        }
    }
}

/// `Firefox on Windows`: as much as a person can check. More specific names come first, because browsers put each
/// other's names into `User-Agent`. `None` unless the browser or the system is one we know: the caller chooses this header, and
/// its own words must not stand under what we have seen (`docs/security.md` I4).
fn describe(user_agent: &str) -> Option<String> {
    const BROWSERS: [(&str, &str); 9] = [
        ("MicroMessenger/", "WeChat"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 8] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("SMART-TV", "TV"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // I4 K17
    #[test]
    fn browsers_are_named_as_people_know_them_and_others_not_at_all() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                Some("Firefox on Windows"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0",
                Some("Edge on Linux"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605.1.15",
                Some("Safari on macOS"),
            ),
            ("curl/8.5.0", None),
            ("Verified_by_Saoma", None),
            ("Your bank (genuine) Safari/1", Some("Safari")),
            ("", None),
        ] {
            assert_eq!(describe(agent).as_deref(), name);
        }
    }

    #[test]
    fn an_ipv6_subscriber_is_one_network() {
        let facts = |ip: &str| Facts { ip: Some(ip.parse().unwrap()), ..Facts::default() };
        assert_eq!(facts("2001:db8::1").network(), facts("2001:db8::ffff:1").network());
        assert_ne!(facts("2001:db8::1").network(), facts("2001:db8:0:1::1").network());
        assert_ne!(facts("192.0.2.1").network(), facts("192.0.2.2").network());
    }
}
