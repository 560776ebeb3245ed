//! The answer that a browser carries to its client (RFC 6749 section 4.1.2, RFC 9207).

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// The redirect address with these pairs, the request's `state` and our issuer. What the address has in its query stays.
/// A client may have registered a scheme of its own, so the address is extended as text.
pub(crate) fn answer_to(
    redirect_uri: &str,
    pairs: &[(&str, &str)],
    state: Option<&str>,
    issuer: &str,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.extend_pairs(state.map(|state| ("state", state)));
    query.append_pair("iss", issuer);
    let joined_by = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{joined_by}{}", query.finish())
}

/// Pairs as a query.
pub(crate) fn encoded<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Sends the browser on, by `GET`.
pub(crate) fn sent_on(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_extends_the_query() {
        for (redirect_uri, answer) in [
            ("https://a.example/cb", "https://a.example/cb?code=x&state=a%26b&iss=https%3A%2F%2Fi.example"),
            (
                "https://a.example/cb?q=1",
                "https://a.example/cb?q=1&code=x&state=a%26b&iss=https%3A%2F%2Fi.example",
            ),
            ("com.example:/cb", "com.example:/cb?code=x&state=a%26b&iss=https%3A%2F%2Fi.example"),
        ] {
            assert_eq!(answer_to(redirect_uri, &[("code", "x")], Some("a&b"), "https://i.example"), answer);
        }
    }
}
