//! What a client is told of a login: by webhook, on the topic, and when it asks (`docs/remembered.md`).

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
    /// `imgBuf` is an address to be turned into a QR.
    #[serde(rename = "LOGIN_getLoginQrcode")]
    GetLoginQrcode,
    /// A scan-free login is under way.
    #[serde(rename = "LOGIN_scan")]
    Scan,
    /// A phone scanned the QR (ours).
    #[serde(rename = "LOGIN_scanned")]
    Scanned,
    /// What a login came to.
    #[serde(rename = "LOGIN_loginResult")]
    LoginResult,
    /// The token was taken (ours).
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

/// One answer. The documented fields are always there, empty where the login's contract has none.
/// It may hold a ticket, so it has no `Debug` (`docs/security.md` J2).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginEvent {
    /// 0, or what failed.
    pub code: u16,
    /// The device that wants to be signed in.
    pub device_id: String,
    /// The text of the QR, where there is one to show.
    pub img_buf: String,
    /// What failed, in words.
    pub message: &'static str,
    /// What this answer is.
    pub result_type: ResultType,
    /// The call that is answered.
    pub trace_id: String,
    /// The client.
    pub region: String,
    /// Ours: session and version, the same however often it is told.
    pub event_id: String,
    /// Ours: the contract the login was opened through.
    pub dialect: &'static str,
    /// Ours: the number to show beside the QR or the question; none under the policy `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_number: Option<String>,
    /// Ours: until when, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uin: Option<u64>,
    /// What `/qr/ticket` gives a token for, once.
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

/// Why a login came to nothing: `code` and `message`.
const DECLINED: (u16, &str) = (1001, "the person said no");
const EXPIRED: (u16, &str) = (1002, "nobody decided in time");
const WRONG_NUMBER: (u16, &str) = (1003, "the number picked was not the one shown");
const BARRED: (u16, &str) = (1004, "the account may not sign in");
const REPLACED: (u16, &str) = (1005, "the screen asked anew");
const NOT_TAKEN: (u16, &str) = (1006, "nobody took the token in time");

impl LoginEvent {
    /// What the state a session has just come to means for its client; `None` where nothing is to be
    /// told: what is opened waits with whoever opened it, and a prompt that reached nobody is
    /// followed by its QR.
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

    /// All that a client of the remembered contract was told of a session, or would have been, had it
    /// listened: how it began, and what it came to.
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
            // Nothing is stored when time runs out: the event has the version that never came.
            (Standing::Expired, state) => {
                let why = if matches!(state, State::Confirmed { .. }) { NOT_TAKEN } else { EXPIRED };
                let event_id = event_id(session, session.version.saturating_add(1));
                told.push(Self { event_id, ..Self::blank(session) }.failed(why));
            }
            // The token was taken with the ticket; what the login came to is still so.
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

    /// Only the remembered contract brings its ticket this way; the others' screens fetch what is
    /// theirs.
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
