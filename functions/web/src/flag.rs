//! The contract's shape: every answer has a `statusflag`, every refusal `errorCode: -1` with it.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{OpenError, StepError},
    ports::StoreError,
    session::Refusal,
};
use saoma_http::{Problem, body::Json};
use serde::Serialize;

/// `statusflag` (CONTRACTS section 2).
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

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The QR is dead: a normal answer of this contract.
    Dead,
    /// Anything else, told in the contract's shape with the problem's status and code.
    Error(Problem),
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
}

/// The answer that says the QR is dead.
pub(crate) fn dead() -> Response {
    Json(Body { statusflag: Flag::Dead, error_code: None, code: None, message: None }).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self::Error(problem) = self else { return dead() };
        let body = Body {
            statusflag: Flag::Error,
            error_code: Some(-1),
            code: Some(problem.code),
            message: Some(problem.detail),
        };
        let (mut parts, _) = problem.into_response().into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        (parts, Json(body)).into_response()
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        if problem.status == StatusCode::NOT_FOUND { Self::Dead } else { Self::Error(problem) }
    }
}

impl From<StepError> for Refused {
    fn from(error: StepError) -> Self {
        Problem::from(error).into()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        Self::Error(error.into())
    }
}
