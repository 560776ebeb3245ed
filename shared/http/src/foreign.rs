//! Phones that present a token of another issuer (`docs/issuers.md`).
//!
//! [`OfAnyIssuer`] wraps the extractor of a step's caller. A token of ours is the wrapped extractor's, as ever; one that names
//! another issuer is kept until the handler says which login the step is about, because the login's client decides which issuers
//! count.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{StatusCode, request::Parts},
};
use saoma_domain::{
    cases::{ForeignCall, ForeignError, ForeignStep, Subject, Target},
    identity::Approver,
    issuer::PresentedToken,
    ports::NotProven,
    session::{Refusal, Seen},
};
use saoma_tokens::issued::presented;

use crate::{
    Facts, Problem,
    auth::{Caller, MaybeCaller, MaybeSignedInPhone, Phones, SignedInPhone, presented_token},
};

/// The caller of a step: by a token of ours, or by one of another issuer.
#[derive(Clone)]
pub enum OfAnyIssuer<E> {
    /// What the wrapped extractor found.
    Ours(E),
    /// A phone whose token names another issuer. Nothing is verified yet.
    Another(Box<UnverifiedPhone>),
}

/// A phone whose token names another issuer.
#[derive(Clone)]
pub struct UnverifiedPhone {
    phones: Phones,
    token: PresentedToken,
    seen: Seen,
}

impl<S: Send + Sync, E> FromRequestParts<S> for OfAnyIssuer<E>
where
    Phones: FromRef<S>,
    E: FromRequestParts<S, Rejection = Problem>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match UnverifiedPhone::of(parts, &Phones::from_ref(state)) {
            Some(phone) => Ok(Self::Another(Box::new(phone))),
            None => E::from_request_parts(parts, state).await.map(Self::Ours),
        }
    }
}

impl OfAnyIssuer<Caller> {
    /// The phone, now that the login is known.
    ///
    /// # Errors
    /// 401 or 403 as for a token of ours, 409 `not_scanned`, 503 `issuer_unavailable`, or the store's failure.
    pub async fn at(self, target: &Target, step: ForeignStep) -> Result<Approver, Problem> {
        match self {
            Self::Ours(Caller(by)) => Ok(by),
            Self::Another(phone) => phone.approver(target, step).await,
        }
    }
}

impl OfAnyIssuer<MaybeCaller> {
    /// The same for a call that a screen may make too, without a token.
    ///
    /// # Errors
    /// As above.
    pub async fn at(self, target: &Target, step: ForeignStep) -> Result<Option<Approver>, Problem> {
        match self {
            Self::Ours(MaybeCaller(by)) => Ok(by),
            Self::Another(phone) => phone.approver(target, step).await.map(Some),
        }
    }
}

impl OfAnyIssuer<MaybeSignedInPhone> {
    /// The same, with the phone's account.
    ///
    /// # Errors
    /// As above.
    pub async fn at(self, target: &Target, step: ForeignStep) -> Result<Option<SignedInPhone>, Problem> {
        match self {
            Self::Ours(MaybeSignedInPhone(phone)) => Ok(phone),
            Self::Another(phone) => {
                let by = phone.approver(target, step).await?;
                phone.phones.signed_in(by).await.map(Some)
            }
        }
    }
}

impl UnverifiedPhone {
    /// The phone behind a request whose token names another issuer. `None` for a token of ours, for none, and where no other
    /// issuer is taken.
    fn of(parts: &Parts, phones: &Phones) -> Option<Self> {
        phones.foreign.as_ref()?;
        let facts = Facts::of(parts);
        let ours = phones.service.public_url(facts.domain()).ok()?;
        let token = presented(presented_token(&parts.headers)?, &ours)?;
        Some(Self { phones: phones.clone(), token, seen: facts.seen() })
    }

    async fn approver(&self, target: &Target, step: ForeignStep) -> Result<Approver, Problem> {
        let people = self.phones.foreign.as_ref().ok_or_else(Problem::unauthorized)?;
        let call = ForeignCall { token: &self.token, target, step, seen: &self.seen };
        let (pace, now) = (&self.phones.service.pace, self.phones.service.clock.now());
        let about = || Some(Subject { code: target.code.clone(), client: None });
        let by = people.approver(call, now).await.map_err(|error| Problem::from(error).about(about()))?;
        pace.call(&by.phone.sign_in, now).map_err(Problem::too_many)?;
        Ok(by)
    }
}

impl From<ForeignError> for Problem {
    fn from(error: ForeignError) -> Self {
        match error {
            ForeignError::Unknown => Self::not_found(),
            ForeignError::Copy => Refusal::StaleCode.into(),
            ForeignError::NotProven(why) => why.into(),
            ForeignError::NotScanned => Refusal::NotScanned.into(),
            ForeignError::NotSignedIn(why) => why.into(),
            ForeignError::Store(error) => error.into(),
        }
    }
}

impl From<NotProven> for Problem {
    fn from(error: NotProven) -> Self {
        match error {
            NotProven::Invalid(why) => Self { cause: Some(why.to_owned()), ..Self::unauthorized() },
            NotProven::Unavailable(wait) => {
                let mut problem = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "issuer_unavailable",
                    "The issuer of the token does not publish its keys at the moment; try again.",
                );
                problem.retry_after = Some(wait.as_secs().max(1));
                problem
            }
            NotProven::Store(error) => error.into(),
        }
    }
}
