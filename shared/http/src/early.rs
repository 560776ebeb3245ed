//! The answer to a poll that comes too early.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

/// The answer to an early poll: the same body as to any poll, and when to ask again.
#[must_use]
pub fn too_early(mut standing: Response, retry_after: u64) -> Response {
    *standing.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    standing.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    standing
}
