//! Turns the errors of the rules into refusals.

use axum::http::StatusCode;
use saoma_app::NoPublicUrl;
use saoma_domain::{
    allowed::{ClientRefusal, ProofTooOld},
    cases::{OpenError, SendError, SignInError, StepError, StepFailure},
    ports::StoreError,
    session::Refusal,
    sign_in::NotSignedIn,
};
use saoma_tokens::TokenError;

use crate::Problem;

/// The client is not registered for this contract, or switched off.
const UNKNOWN_CLIENT: Problem =
    Problem::bad_request("unknown_client", "The client is not registered for this contract.");

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<NoPublicUrl> for Problem {
    fn from(error: NoPublicUrl) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotAllowed { client, why } => opens_nothing(why).of_client(&client),
            OpenError::NoFreeCode => Self::internal(error.to_string()),
            OpenError::Store(error) => error.into(),
        }
    }
}

/// Why a client opens no session here.
fn opens_nothing(why: ClientRefusal) -> Problem {
    let forbidden = |code, detail| Problem::new(StatusCode::FORBIDDEN, code, detail);
    match why {
        ClientRefusal::Network => {
            forbidden("network_not_allowed", "This client's screens may not call from this network.")
        }
        ClientRefusal::NotEnrolled => forbidden(
            "not_enrolled",
            "This client's screens must be enrolled: Authorization: Basic client:secret.",
        ),
        ClientRefusal::StaysTheSame => forbidden(
            "rotating_only",
            "This client shows only a QR that rotates: GET /qr/code?rotate=auto, and draw its frames.",
        ),
        why => Problem { cause: Some(why.to_string()), ..UNKNOWN_CLIENT },
    }
}

impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        let problem: Self = match error.why {
            StepFailure::Unknown => Self::not_found(),
            StepFailure::NotAllowed(why) => Self { cause: Some(why.to_string()), ..Self::not_found() },
            StepFailure::NotSignedIn(why) => why.into(),
            StepFailure::ProofTooOld(why) => why.into(),
            StepFailure::Refused(refusal) => refusal.into(),
            StepFailure::Store(error) => error.into(),
        };
        problem.about(error.about)
    }
}

impl From<ProofTooOld> for Problem {
    /// 403 and not the 401 of RFC 9470: an app takes a 401 for the end of its sign-in, and here the token is good.
    fn from(why: ProofTooOld) -> Self {
        let mut problem = Self::new(
            StatusCode::FORBIDDEN,
            "fresh_proof_required",
            "This client asks the person to prove again who they are: POST /api/user/prove, then confirm again.",
        );
        problem.max_age = Some(why.max_age.as_secs());
        problem
    }
}

impl From<Refusal> for Problem {
    /// The screen and the phone that holds the claim learn why a session is over. To any other caller its code is
    /// unknown (`docs/security.md` W15).
    fn from(refusal: Refusal) -> Self {
        let forbidden = |code, detail| Self::new(StatusCode::FORBIDDEN, code, detail);
        let gone = |code, detail| Self::new(StatusCode::GONE, code, detail);
        match refusal {
            Refusal::Over | Refusal::NotTheScreen => Self::not_found(),
            Refusal::Expired => gone("expired", "The code's time is over; scan a new one."),
            Refusal::Cancelled => gone("cancelled", "This sign-in was stopped; scan a new code."),
            Refusal::Used => Self::new(
                StatusCode::CONFLICT,
                "used",
                "You are signed in there; it cannot be taken back here.",
            ),
            Refusal::StaleCode => {
                forbidden("stale_code", "This is a copy of the code: scan the code on the screen itself.")
            }
            Refusal::ClaimedByAnother => {
                forbidden("claimed_by_another", "Another phone has scanned this code.")
            }
            Refusal::NotScanned => {
                Self::new(StatusCode::CONFLICT, "not_scanned", "Scan the code before confirming it.")
            }
            Refusal::NotConfirmed => {
                Self::new(StatusCode::CONFLICT, "not_confirmed", "This code is not confirmed yet.")
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

impl From<NotSignedIn> for Problem {
    fn from(why: NotSignedIn) -> Self {
        match why {
            NotSignedIn::Over => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "This sign-in is over; sign in again.")
            }
            NotSignedIn::Barred => {
                Self::new(StatusCode::FORBIDDEN, "account_barred", "This account cannot sign in.")
            }
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCode => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_code",
                "The code is wrong or no longer good. After five wrong tries, draw a new challenge and ask again.",
            ),
            SignInError::UnknownChallenge => Self::from(SignInError::InvalidCode).as_guess(),
            SignInError::UnknownToken => Self::from(NotSignedIn::Over).as_guess(),
            SignInError::TooMany(wait) => Self::too_many(wait.as_secs().max(1)),
            SignInError::NotSignedIn(why) => why.into(),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooMany(wait) => Self::too_many(wait.as_secs().max(1)),
            SendError::Puzzle(puzzle) => {
                let mut problem = Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "puzzle_required",
                    "Messages are asked for very often; solve the puzzle and send its solution along.",
                );
                problem.puzzle = Some(Box::new(puzzle));
                problem
            }
            SendError::SwitchedOff => {
                let mut problem = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "sms_off",
                    "The operators have switched text messages off for now.",
                );
                problem.retry_after = Some(60);
                problem
            }
            SendError::ChallengeOver => Self::new(
                StatusCode::CONFLICT,
                "challenge_over",
                "This challenge was used, or is of another number; draw a new one.",
            ),
            SendError::Store(error) => error.into(),
        }
    }
}
