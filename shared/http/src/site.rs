//! Which site's page makes a call.

use axum::http::HeaderMap;

/// Whether the page of another site makes this call, as far as browsers say where a call comes from (`Sec-Fetch-Site`, W3C
/// Fetch Metadata). Programs that are no browsers do not say, and are not elsewhere.
#[must_use]
pub fn is_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin")
}
