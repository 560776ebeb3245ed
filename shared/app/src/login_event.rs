//! The events that tell a client about its logins: by webhook, on the topic, and when it asks
//! (`docs/remembered.md`).

use saoma_domain::{
    secrets::TokenId,
    session::{CancelReason, Session, Standing, State},
    time::Timestamp,
};
use saoma_qr::{QrError, session_text};
use saoma_tokens::TokenError;
use serde::Serialize;

use crate::Service;

/// `resultType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ResultType {
    /// `imgBuf` is an address that the client turns into a QR.
    #[serde(rename = "LOGIN_getLoginQrcode")]
    GetLoginQrcode,
    /// The person is being asked, without a scan.
    #[serde(rename = "LOGIN_scan")]
    Scan,
    /// A phone scanned the QR (ours).
    #[serde(rename = "LOGIN_scanned")]
    Scanned,
    /// The result of a login.
    #[serde(rename = "LOGIN_loginResult")]
    LoginResult,
    /// The client took the token (ours).
    #[serde(rename = "LOGIN_redeemed")]
    Redeemed,
}

impl ResultType {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetLoginQrcode => "LOGIN_getLoginQrcode",
            Self::Scan => "LOGIN_scan",
            Self::Scanned => "LOGIN_scanned",
            Self::LoginResult => "LOGIN_loginResult",
            Self::Redeemed => "LOGIN_redeemed",
        }
    }
}

/// One answer. The documented fields are always there, and empty if the login's contract has no such value. It may
/// hold a ticket, so it has no `Debug` (`docs/security.md` J2).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginEvent {
    /// 0, or the number of the failure.
    pub code: u16,
    /// The device that wants to be signed in.
    pub device_id: String,
    /// The text of the QR, if there is one to show.
    pub img_buf: String,
    /// The failure, in words.
    pub message: &'static str,
    /// The kind of this answer.
    pub result_type: ResultType,
    /// The call that it answers.
    pub trace_id: String,
    /// The client.
    pub region: String,
    /// Ours: session and version, the same for every copy of the event.
    pub event_id: String,
    /// Ours: the contract the login was opened through.
    pub dialect: &'static str,
    /// Ours: the number to show beside the QR or the question; missing under the policy `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_number: Option<String>,
    /// Ours: until when, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uin: Option<u64>,
    /// The ticket that `/qr/ticket` exchanges for a token, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Why an answer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A ticket could not be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The public address does not fit into a QR.
    #[error(transparent)]
    Qr(#[from] QrError),
}

/// Why a login failed: `code` and `message`.
const DECLINED: (u16, &str) = (1001, "the person said no");
const EXPIRED: (u16, &str) = (1002, "the person did not decide in time");
const WRONG_NUMBER: (u16, &str) = (1003, "the person picked a number that the screen does not show");
const BARRED: (u16, &str) = (1004, "the account may not sign in");
const REPLACED: (u16, &str) = (1005, "the screen asked for a new login");
const NOT_TAKEN: (u16, &str) = (1006, "the token was not taken in time");

impl LoginEvent {
    /// The event for the state that a session has just reached. `None` when there is nothing to tell: the caller that
    /// opened a session already has its answer, and a prompt that reached no phone is followed by its QR.
    ///
    /// # Errors
    /// When a ticket cannot be signed.
    pub fn of(
        service: &Service,
        issuer: &str,
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<Self>, EventError> {
        let blank = Self::blank(session);
        Ok(match &session.state {
            State::Pending if session.ties().is_some() => Some(blank.opened(issuer, session)?),
            State::Pending => None,
            // The client that had a person asked by OAuth polls.
            State::Scanned { .. } if session.is_prompt() && session.ties().is_none() => None,
            State::Scanned { .. } if session.is_prompt() => Some(blank.opened(issuer, session)?),
            State::Scanned { .. } => Some(Self { result_type: ResultType::Scanned, ..blank }),
            State::Confirmed { .. } => Some(blank.confirmed(service, issuer, session, now)?),
            State::Redeemed { claim, .. } => {
                let uin = Some(claim.by.account.get());
                Some(Self { result_type: ResultType::Redeemed, uin, ..blank })
            }
            State::Cancelled { reason, .. } => failure(*reason).map(|why| blank.failed(why)),
        })
    }

    /// The answers that `/login/results` gives about a session of the remembered contract: how it began, and its
    /// result so far.
    ///
    /// # Errors
    /// As [`LoginEvent::of`].
    pub fn history(
        service: &Service,
        issuer: &str,
        session: &Session,
        now: Timestamp,
    ) -> Result<Vec<Self>, EventError> {
        let began = Self { event_id: event_id(session, 1), ..Self::blank(session) };
        let mut told = vec![began.opened(issuer, session)?];
        match (session.standing(now), &session.state) {
            // Nothing is stored when a session expires, so the event has the version that comes after the stored one.
            (Standing::Expired, state) => {
                let why = if matches!(state, State::Confirmed { .. }) { NOT_TAKEN } else { EXPIRED };
                let event_id = event_id(session, session.version.saturating_add(1));
                told.push(Self { event_id, ..Self::blank(session) }.failed(why));
            }
            // The ticket was used to take the token. The login's result stays the same.
            (_, State::Redeemed { claim, .. }) => told.push(Self {
                result_type: ResultType::LoginResult,
                uin: Some(claim.by.account.get()),
                event_id: event_id(session, session.version.saturating_sub(1)),
                ..Self::blank(session)
            }),
            (Standing::Confirmed | Standing::Cancelled(_), _) => {
                told.extend(Self::of(service, issuer, session, now)?);
            }
            _ => {}
        }
        Ok(told)
    }

    fn blank(session: &Session) -> Self {
        let ties = session.ties();
        Self {
            code: 0,
            device_id: ties.map(|ties| ties.device.as_str().to_owned()).unwrap_or_default(),
            img_buf: String::new(),
            message: "",
            result_type: ResultType::LoginResult,
            trace_id: session.trace_id(),
            region: session.client.to_string(),
            event_id: event_id(session, session.version),
            dialect: session.dialect().as_str(),
            match_number: None,
            expires_at: None,
            uin: None,
            ticket: None,
        }
    }

    fn opened(self, issuer: &str, session: &Session) -> Result<Self, EventError> {
        let (result_type, img_buf) = if session.is_prompt() {
            (ResultType::Scan, String::new())
        } else {
            let text = session_text(issuer, session.code.as_str());
            (ResultType::GetLoginQrcode, text?)
        };
        Ok(Self {
            result_type,
            img_buf,
            match_number: session.shown_number(),
            expires_at: Some(session.expires_at.secs()),
            ..self
        })
    }

    /// Only events of the remembered contract carry a ticket. The screens of the other contracts fetch their token
    /// themselves.
    fn confirmed(
        self,
        service: &Service,
        issuer: &str,
        session: &Session,
        now: Timestamp,
    ) -> Result<Self, EventError> {
        let id = TokenId::random(&*service.random);
        let life = service.settings.ticket_life;
        let brings = session.ties().is_some();
        let ticket = brings.then(|| service.keys.mint_ticket(issuer, session, &id, life, now)).transpose()?;
        let uin = session.state.claim().map(|claim| claim.by.account.get());
        Ok(Self { uin, ticket, ..self })
    }

    fn failed(self, (code, message): (u16, &'static str)) -> Self {
        Self { code, message, ..self }
    }
}

fn event_id(session: &Session, version: u64) -> String {
    format!("{}.{version}", session.code)
}

const fn failure(reason: CancelReason) -> Option<(u16, &'static str)> {
    match reason {
        CancelReason::Declined => Some(DECLINED),
        CancelReason::Replaced => Some(REPLACED),
        CancelReason::WrongMatchNumber => Some(WRONG_NUMBER),
        CancelReason::AccountBarred | CancelReason::SignInEnded => Some(BARRED),
        CancelReason::Undeliverable => None,
    }
}
