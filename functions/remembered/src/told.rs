//! The contract's shape: every answer has a number `code`, 0 when it went well, and a `message`.

use axum::response::{IntoResponse, Response};
use saoma_http::{Problem, body::Json};
use serde::Serialize;

/// An answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    /// 0, or the HTTP status.
    pub(crate) code: u16,
    /// The problem, in words.
    pub(crate) message: &'static str,
    /// The trace; empty when there is none.
    pub(crate) trace_id: String,
    /// Ours: how the session stands, once a person has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<&'static str>,
    /// Ours: the problem's stable name, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

impl Told {
    /// The answer of a call that succeeded.
    pub(crate) fn good(trace_id: String) -> Self {
        Self { code: 0, message: "", trace_id, state: None, reason: None }
    }
}

/// A refusal in this contract's shape, with its status.
pub(crate) fn shape(problem: &Problem) -> Response {
    let told = Told {
        code: problem.status.as_u16(),
        message: problem.detail,
        trace_id: String::new(),
        state: None,
        reason: Some(problem.code),
    };
    (problem.status, Json(told)).into_response()
}
