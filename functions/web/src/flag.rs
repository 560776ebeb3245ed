//! The contract's shape: every answer has a `statusflag`, every refusal `errorCode: -1` with it.

use axum::response::{IntoResponse, Response};
use saoma_http::{Problem, body::Json};
use serde::Serialize;

/// `statusflag` (`docs/web.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    /// Waiting; to an app: done.
    Waiting,
    /// Scanned.
    Scanned,
    /// Signed in.
    SignedIn,
    /// The QR is dead.
    Dead,
    /// An error.
    Error,
}

impl Serialize for Flag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i8(match self {
            Self::Waiting => 0,
            Self::Scanned => 1,
            Self::SignedIn => 2,
            Self::Dead => -2,
            Self::Error => -1,
        })
    }
}

#[derive(Serialize)]
struct Body {
    statusflag: Flag,
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    error_code: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(rename = "maxAge", skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
}

/// Gives a refusal the contract's shape. A dead QR is a normal answer of this contract. Only the phone that holds the
/// QR learns why it is dead.
pub(crate) fn shape(problem: &Problem) -> Response {
    match problem.code {
        "not_found" => dead(None),
        "expired" | "cancelled" | "used" => dead(Some(problem)),
        _ => {
            let body = Body {
                statusflag: Flag::Error,
                error_code: Some(-1),
                code: Some(problem.code),
                message: Some(problem.detail),
                max_age: problem.max_age,
            };
            (problem.status, Json(body)).into_response()
        }
    }
}

fn dead(why: Option<&Problem>) -> Response {
    let (code, message) = (why.map(|why| why.code), why.map(|why| why.detail));
    Json(Body { statusflag: Flag::Dead, error_code: None, code, message, max_age: None }).into_response()
}
