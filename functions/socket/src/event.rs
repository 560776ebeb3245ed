//! The events of a WebSocket API, as Lambda hands them over (Amazon API Gateway developer guide, "WebSocket APIs").

use std::{collections::HashMap, net::IpAddr};

use saoma_domain::{time::Timestamp, watching::ConnectionId};
use saoma_http::body::whole_characters;
use serde::Deserialize;

/// Something that happened to a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) connection: ConnectionId,
    /// The address that the connection came from.
    pub(crate) source: Option<IpAddr>,
    pub(crate) happened: Happened,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A caller asks for the connection.
    Connected(Offer),
    /// The connection is closed.
    Closed { opened_at: Timestamp },
}

/// What the caller says in its handshake.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The subprotocols, in the caller's order (RFC 6455 section 11.3.4).
    pub(crate) protocols: Vec<String>,
    /// The site of the page, where the caller is a browser (RFC 6455 section 10.2).
    pub(crate) origins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    request_context: Context,
    headers: Option<HashMap<String, String>>,
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    event_type: String,
    connection_id: String,
    connected_at: Option<u64>,
    identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

impl Event {
    /// Reads an event. `None` for one that no route of ours is for.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let Json { request_context, headers, multi_value_headers } =
            serde_json::from_str(&whole_characters(json)).ok()?;
        let Context { event_type, connection_id, connected_at, identity } = request_context;
        let happened = match event_type.as_str() {
            "CONNECT" => Happened::Connected(Offer::read(headers, multi_value_headers)),
            "DISCONNECT" => Happened::Closed { opened_at: Timestamp::from_millis(connected_at?) },
            _ => return None,
        };
        let source = identity.and_then(|identity| identity.source_ip?.parse().ok());
        Some(Self { connection: ConnectionId::parse(&connection_id)?, source, happened })
    }
}

impl Offer {
    /// Reads the headers. A header that comes twice is only in the second map whole.
    fn read(single: Option<HashMap<String, String>>, multiple: Option<HashMap<String, Vec<String>>>) -> Self {
        let single = single.unwrap_or_default().into_iter().map(|(name, value)| (name, vec![value]));
        let headers: Vec<_> = match multiple {
            Some(multiple) => multiple.into_iter().collect(),
            None => single.collect(),
        };
        let named = |wanted: &str| {
            let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            named.flat_map(|(_, values)| values.clone()).collect::<Vec<_>>()
        };
        let offered = named("sec-websocket-protocol");
        let protocols = offered.iter().flat_map(|list| list.split(',')).map(|one| one.trim().to_owned());
        Self { protocols: protocols.collect(), origins: named("origin") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn golden(name: &str) -> Value {
        let path = format!("{}/../../events/socket-{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn offer(event: &Value) -> Offer {
        match Event::read(&event.to_string()).unwrap().happened {
            Happened::Connected(offer) => offer,
            other @ Happened::Closed { .. } => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_golden_events_are_read() {
        let connect = golden("connect");
        let read = Event::read(&connect.to_string()).unwrap();
        assert_eq!(read.connection.as_str(), connect["requestContext"]["connectionId"]);
        assert_eq!(read.source, Some("203.0.113.7".parse().unwrap()));
        let offer = offer(&connect);
        assert_eq!((offer.protocols[0].as_str(), offer.protocols.len()), ("saoma.v1", 2));
        assert_eq!(offer.origins, ["https://login.example.com"]);
        let disconnect = Event::read(&golden("disconnect").to_string()).unwrap();
        assert_eq!(
            disconnect.happened,
            Happened::Closed { opened_at: Timestamp::from_millis(1_705_998_038_000) }
        );
    }

    #[test]
    fn a_header_is_found_in_any_spelling_and_read_whole() {
        let mut connect = golden("connect");
        connect["multiValueHeaders"] =
            json!({"sec-websocket-PROTOCOL": ["saoma.v1", " a ,b"], "ORIGIN": ["https://a", "https://b"]});
        let read = offer(&connect);
        assert_eq!(read.protocols, ["saoma.v1", "a", "b"]);
        assert_eq!(read.origins, ["https://a", "https://b"]);
        connect["multiValueHeaders"] = json!(null);
        connect["headers"] = json!({"Sec-Websocket-Protocol": "saoma.v1,t"});
        assert_eq!(
            offer(&connect),
            Offer { protocols: vec!["saoma.v1".into(), "t".into()], origins: vec![] }
        );
        connect["headers"] = json!(null);
        assert_eq!(offer(&connect), Offer::default());
    }

    // W8
    #[test]
    fn other_events_are_none() {
        let deep = format!("{}1{}", "[".repeat(9000), "]".repeat(9000));
        let texts = ["", "{}", "[]", "null", r#"{"Records": []}"#, r#"{"requestContext": 7}"#, &deep];
        assert!(texts.iter().all(|text| Event::read(text).is_none()));
        for (field, values) in [
            ("eventType", [json!("MESSAGE"), json!("connect"), json!(null)]),
            ("connectionId", [json!(""), json!("a b"), json!(7)]),
        ] {
            for value in values {
                let mut event = golden("connect");
                event["requestContext"][field] = value;
                assert_eq!(Event::read(&event.to_string()), None, "{event}");
            }
        }
        let mut event = golden("connect");
        event["headers"] = json!({"Origin": 7});
        assert_eq!(Event::read(&event.to_string()), None);
    }
}
