//! What API Gateway is answered: whether a socket may be opened, and the subprotocol that it speaks.

use std::collections::BTreeMap;

use saoma_domain::ports::StoreError;
use serde::Serialize;

/// An answer of a route of a WebSocket API. A status that is no success refuses the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The status of the handshake.
    pub status_code: u16,
    /// The headers that the handshake gets besides its own.
    pub headers: BTreeMap<&'static str, &'static str>,
}

impl Answer {
    /// Done.
    pub(crate) const fn done() -> Self {
        Self { status_code: 200, headers: BTreeMap::new() }
    }

    /// The socket may be opened, and speaks this subprotocol (RFC 6455 section 4.2.2).
    pub(crate) fn speaking(protocol: &'static str) -> Self {
        Self { headers: BTreeMap::from([("Sec-WebSocket-Protocol", protocol)]), ..Self::done() }
    }

    /// The socket may not be opened. A browser tells its page only that.
    pub(crate) fn refusing(refused: &Refused) -> Self {
        Self { status_code: refused.status, ..Self::done() }
    }
}

/// Why a socket may not be opened. The screen polls without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// For the log.
    pub(crate) code: &'static str,
    pub(crate) cause: Option<String>,
}

impl Refused {
    /// The event is none of a WebSocket API.
    pub(crate) const MALFORMED: Self = Self::because(400, "malformed_event");
    /// The caller does not speak `saoma.v1`, or offers anything but one token besides.
    pub(crate) const NO_PROTOCOL: Self = Self::because(400, "no_such_protocol");
    /// The token is not ours, is of another kind, or its session has ended.
    pub(crate) const NO_TOKEN: Self = Self::because(401, "invalid_token");
    /// A page of another site, which the session's client has not registered.
    pub(crate) const FOREIGN_ORIGIN: Self = Self::because(403, "origin_not_registered");
    /// The network opens sockets or tries tokens too fast.
    pub(crate) const TOO_MANY: Self = Self::because(429, "too_many_requests");

    const fn because(status: u16, code: &'static str) -> Self {
        Self { status, code, cause: None }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self { cause: Some(error.to_string()), ..Self::because(503, "unavailable") }
    }
}
