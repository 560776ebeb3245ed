//! The error envelope: RFC 9457 with a stable `code`.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::{OpenError, SendError, SignInError, StepError},
    ports::StoreError,
    session::Refusal,
};
use saoma_tokens::TokenError;
use serde::Serialize;

/// An answer that says what is wrong.
///
/// `code` is for programs and never changes; `detail` is for people. The cause is for the log and
/// never leaves the function.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable name of what is wrong.
    pub code: &'static str,
    /// One sentence that helps whoever called.
    pub detail: &'static str,
    /// Seconds after which asking again makes sense.
    pub retry_after: Option<u64>,
    /// What really happened.
    pub cause: Option<String>,
}

#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'static str,
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem of this status and code.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail, retry_after: None, cause: None }
    }

    /// The request is not what the contract says.
    #[must_use]
    pub const fn bad_request(code: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// What everybody is told of a code that is unknown, expired, used, or not theirs to know
    /// (ADVERSARIES W15).
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such code, or it is no longer valid.")
    }

    /// No phone token, or not a good one.
    #[must_use]
    pub const fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in on the phone first.")
    }

    /// A screen that is known by no cookie and no `pollToken`.
    #[must_use]
    pub const fn no_screen() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Ask for a QR first; its cookie, or its pollToken in the token header, says which is meant.",
        )
    }

    /// Too many wrong codes; even the right one is not taken for so long.
    #[must_use]
    pub fn too_many_tries(wait: Duration) -> Self {
        let detail = "Too many wrong codes; wait, then ask for a new one.";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail);
        Self { retry_after: Some(wait.as_secs().max(1)), ..problem }
    }

    /// Too many requests; come back in so many seconds.
    #[must_use]
    pub const fn too_many(retry_after: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests; wait a little.",
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// Something failed behind us; trying again is safe.
    #[must_use]
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Something behind the service failed; try again.",
        );
        problem.retry_after = Some(1);
        problem.cause = Some(cause.into());
        problem
    }

    /// We did something wrong.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The service failed; it has been logged.",
        );
        problem.cause = Some(cause.into());
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoFreeCode => Self::internal(error.to_string()),
            OpenError::Store(error) => error.into(),
        }
    }
}

impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Unknown => Self::not_found(),
            StepError::Refused(refusal) => refusal.into(),
            StepError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let forbidden = |code, detail| Self::new(StatusCode::FORBIDDEN, code, detail);
        match refusal {
            Refusal::Expired | Refusal::Cancelled | Refusal::Used | Refusal::NotTheScreen => {
                Self::not_found()
            }
            Refusal::ClaimedByAnother => {
                forbidden("claimed_by_another", "Another phone has scanned this code.")
            }
            Refusal::NotScanned => {
                Self::new(StatusCode::CONFLICT, "not_scanned", "Scan the code before confirming it.")
            }
            Refusal::NotConfirmed => {
                Self::new(StatusCode::CONFLICT, "not_confirmed", "Nobody has confirmed this code yet.")
            }
            Refusal::MatchNumberMissing => {
                Self::bad_request("match_number_required", "Send the number that the screen shows.")
            }
            Refusal::WrongMatchNumber => forbidden(
                "wrong_match_number",
                "That is not the number on the screen. The sign-in was stopped; scan a new code.",
            ),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::unauthorized(),
            TokenError::MayNotApprove => Self::new(
                StatusCode::FORBIDDEN,
                "not_an_approver",
                "A sign-in got by scanning cannot approve another one.",
            ),
            TokenError::Unsignable => Self::internal("a token could not be signed"),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCode => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_code",
                "The code is wrong or no longer good. After five wrong tries, wait and ask for a new one.",
            ),
            SignInError::TooManyTries(wait) => Self::too_many_tries(wait),
            SignInError::Over => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "This sign-in is over, or its token was used; sign in again.",
            ),
            SignInError::Barred => {
                Self::new(StatusCode::FORBIDDEN, "account_barred", "This account cannot sign in.")
            }
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooMany(wait) => Self::too_many(wait.as_secs().max(1)),
            SendError::Locked(wait) => Self::too_many_tries(wait),
            SendError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(code = self.code, cause, "request failed");
        }
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            retry_after: self.retry_after,
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/problem+json")], json).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
