//! Queries and forms. A name that comes twice is refused, because two programs might choose differently between its
//! values (`docs/security.md` W6).

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::Problem;

/// The query's parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Query(Map<String, Value>);

impl Query {
    /// Reads the parameters of a query or a form. `None` when a name comes twice or the text is not UTF-8.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Option<Self> {
        parse_pairs(raw).map(Self)
    }

    /// A parameter's value. An empty value counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|value| !value.is_empty())
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let raw = parts.uri.query().unwrap_or_default();
        parse_pairs(raw.as_bytes())
            .map(Self)
            .ok_or(Problem::bad_request("malformed_query", "A query parameter comes twice or is not UTF-8."))
    }
}

/// The pairs of a form or query. `None` when a name comes twice or the text is not UTF-8. U+FFFD is allowed, because
/// a browser sends it in place of half an emoji.
pub(crate) fn parse_pairs(raw: &[u8]) -> Option<Map<String, Value>> {
    percent_decode(raw).decode_utf8().ok()?;
    let mut pairs = Map::new();
    for (name, value) in form_urlencoded::parse(raw) {
        let twice = pairs.insert(name.into_owned(), Value::String(value.into_owned()));
        if twice.is_some() {
            return None;
        }
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(raw: &[u8]) -> Option<String> {
        Some(parse_pairs(raw)?.get("a")?.as_str()?.to_owned())
    }

    // F12
    #[test]
    fn a_replacement_character_is_taken_as_it_is() {
        for raw in [&b"a=x%EF%BF%BD"[..], "a=x\u{FFFD}".as_bytes(), b"%61=x%ef%bf%bd&b=%EF%BF%BD"] {
            assert_eq!(value_of(raw).as_deref(), Some("x\u{FFFD}"));
        }
        assert_eq!(value_of(b"a=%F0%9F%98%80").as_deref(), Some("\u{1F600}"));
    }

    // W8
    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        for raw in [
            &b"a=%ff"[..],
            b"a=\xFF",
            b"%ff=a",
            b"a=%ED%A0%BD", // half an emoji, as CESU-8 writes it
            b"a=%E4%B8&b=%AD",
            b"a=%C0%80",
        ] {
            assert_eq!(parse_pairs(raw), None, "{raw:?}");
        }
    }
}
