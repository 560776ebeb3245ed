//! The error envelope: RFC 9457 with a stable `code`.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use saoma_domain::{
    cases::Subject,
    identity::ClientId,
    sms_puzzle::{LIFE, PARTS, Puzzle},
};
use serde::Serialize;

/// An answer that says what is wrong.
///
/// `code` is for programs and never changes. `detail` is for people. The cause is for the log, and no caller gets it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable name of what is wrong.
    pub code: &'static str,
    /// One sentence that helps the caller's developer.
    pub detail: &'static str,
    /// Seconds after which asking again makes sense.
    pub retry_after: Option<u64>,
    /// The puzzle that the next request must solve.
    pub puzzle: Option<Box<Puzzle>>,
    /// How old the proof of the caller's person may be, in seconds (RFC 9470 section 3).
    pub max_age: Option<u64>,
    /// The real cause. The log gets it, the caller does not.
    pub cause: Option<String>,
    /// Whether the caller presented something that we never gave out, such as a challenge or a token that is none of
    /// ours. It looks like any other refusal of its code, and counts as a guess (`docs/security.md` D11).
    pub is_guess: bool,
    /// The session it was about, if one is known. The log gets a keyed hash of its code.
    pub about: Option<Box<Subject>>,
    /// The client that the caller named, for the log. It has a client's id's form; there may be no such client.
    pub client: Option<Box<ClientId>>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'static str,
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(rename = "maxAge", skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    puzzle: Option<PuzzleBody<'a>>,
}

/// A puzzle, as `docs/accounts.md` describes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PuzzleBody<'a> {
    token: &'a str,
    parts: u32,
    bits: u32,
    expires_in: u64,
}

impl Problem {
    /// The same, about a session.
    #[must_use]
    pub fn about(self, about: Option<Subject>) -> Self {
        Self { about: about.map(Box::new).or(self.about), ..self }
    }

    /// The same, of a caller that named this client, or proved to be it.
    #[must_use]
    pub fn of_client(self, client: &ClientId) -> Self {
        Self { client: self.client.or_else(|| Some(Box::new(client.clone()))), ..self }
    }

    /// A problem of this status and code.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self {
            status,
            code,
            detail,
            retry_after: None,
            puzzle: None,
            max_age: None,
            cause: None,
            is_guess: false,
            about: None,
            client: None,
        }
    }

    /// The same, and it counts as a guess.
    #[must_use]
    pub fn as_guess(self) -> Self {
        Self { is_guess: true, ..self }
    }

    /// The request does not follow the contract.
    #[must_use]
    pub const fn bad_request(code: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// The one answer for a code that is unknown, expired, used, or another caller's (`docs/security.md` W15).
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such code, or it is no longer valid.")
    }

    /// The request has no phone token, or one that is not good.
    #[must_use]
    pub const fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in on the phone first.")
    }

    /// The screen presents neither a cookie nor a `pollToken`.
    #[must_use]
    pub const fn no_screen() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Ask for a QR first; its cookie, or its pollToken in the token header, says which is meant.",
        )
    }

    /// Too many requests. The caller may come back in so many seconds.
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

    /// A store or a service failed. Trying again is safe.
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

    /// We have a bug.
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

impl Problem {
    /// What `WWW-Authenticate` says: how a caller that is refused can authenticate. RFC 9470 gives the words for a proof
    /// that is too old.
    fn challenge(&self) -> Option<HeaderValue> {
        match self.max_age {
            Some(seconds) => {
                let error = r#"Bearer error="insufficient_user_authentication", max_age="#;
                HeaderValue::try_from(format!("{error}\"{seconds}\"")).ok()
            }
            None => (self.status == StatusCode::UNAUTHORIZED).then_some(HeaderValue::from_static("Bearer")),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            retry_after: self.retry_after,
            max_age: self.max_age,
            puzzle: self.puzzle.as_ref().map(|puzzle| PuzzleBody {
                token: &puzzle.token,
                parts: PARTS,
                bits: puzzle.bits,
                expires_in: LIFE.as_secs(),
            }),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/problem+json")], json).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        // The edge gives it the contract's shape and logs it.
        response.extensions_mut().insert(self);
        response
    }
}
