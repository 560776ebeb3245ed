//! Queries and forms, read strictly: a name that comes twice is nobody's to choose between
//! (ADVERSARIES W6).

use axum::{extract::FromRequestParts, http::request::Parts};
use serde_json::{Map, Value};

use crate::Problem;

/// The query's parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Query(Map<String, Value>);

impl Query {
    /// A parameter's value; given as nothing is not given.
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

/// The pairs of a form or query; `None` when a name comes twice or a value is not UTF-8.
pub(crate) fn parse_pairs(raw: &[u8]) -> Option<Map<String, Value>> {
    let mut pairs = Map::new();
    for (name, value) in form_urlencoded::parse(raw) {
        if name.contains('\u{FFFD}') || value.contains('\u{FFFD}') {
            return None;
        }
        let twice = pairs.insert(name.into_owned(), Value::String(value.into_owned()));
        if twice.is_some() {
            return None;
        }
    }
    Some(pairs)
}
