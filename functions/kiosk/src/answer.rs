//! The one answer of all five calls.

use jiff::Timestamp as Instant;
use saoma_app::Socket;
use saoma_domain::{
    session::{Session, Standing},
    text::CleanText,
    time::Timestamp,
};
use saoma_http::{Facts, Problem, consent::Consent};
use serde::Serialize;

use crate::{App, image};

/// `codeStatus` (`docs/kiosk.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum CodeStatus {
    /// Not scanned.
    Default,
    /// Scanned.
    Scan,
    /// Signed in.
    Success,
    /// Cancelled or expired.
    Failed,
}

impl CodeStatus {
    /// The contract's word for a session's standing. A session that was redeemed in time stays `SUCCESS` after its
    /// end.
    pub(crate) fn of(session: &Session, now: Timestamp) -> Self {
        match session.standing(now) {
            Standing::Waiting => Self::Default,
            Standing::Scanned => Self::Scan,
            Standing::Confirmed | Standing::Redeemed => Self::Success,
            Standing::Cancelled(_) | Standing::Expired => Self::Failed,
        }
    }
}

/// The answer. The documented fields are always there. It holds tokens, so it has no `Debug` (J2).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) code_url: Option<String>,
    pub(crate) code_status: CodeStatus,
    pub(crate) expiration_time: Option<String>,
    pub(crate) member_token: Option<String>,
    /// Ours, with the `memberToken`: the masked name of the person who signed in, for the machine to show before it uses
    /// the token. The person in front of it then sees that a stranger has signed in (`docs/security.md` I6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member_name: Option<String>,
    pub(crate) device_name: Option<String>,
    pub(crate) device_mac: Option<String>,
    pub(crate) create_time: Option<String>,
    pub(crate) update_time: Option<String>,
    /// Ours: after how many seconds to ask again.
    pub(crate) poll_after: u64,
    /// Ours, at create only: the machine sends it in the `token` header of status to get the `memberToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) poll_token: Option<String>,
    /// Ours, at create only: the number to show on the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) match_number: Option<String>,
    /// Ours, at create only: where the machine is told of changes.
    #[serde(flatten)]
    pub(crate) socket: Option<Socket>,
    /// Ours, at scan only: what the mini-program shows the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consent: Option<Consent>,
}

impl Answer {
    /// The session as every caller who knows its id may see it.
    pub(crate) fn of(app: &App, facts: &Facts, session: &Session) -> Result<Self, Problem> {
        let own = |text: &CleanText<64>| text.as_str().to_owned();
        let public_url = app.service.public_url(facts.domain())?;
        Ok(Self {
            code_url: session.flow.picture().map(|name| image::address(&public_url, name)),
            expiration_time: app.local_time(session.expires_at),
            device_name: session.claims.device_name.as_ref().map(own),
            device_mac: session.claims.device_mac.as_ref().map(own),
            create_time: app.local_time(session.created_at),
            update_time: app.local_time(session.updated_at),
            ..Self::bare(app, session)
        })
    }

    /// The state without anything else.
    pub(crate) fn bare(app: &App, session: &Session) -> Self {
        let now = app.service.clock.now();
        Self {
            id: session.code.to_string(),
            code_url: None,
            code_status: CodeStatus::of(session, now),
            expiration_time: None,
            member_token: None,
            member_name: None,
            device_name: None,
            device_mac: None,
            create_time: None,
            update_time: None,
            poll_after: session.poll_after(now).as_secs(),
            poll_token: None,
            match_number: None,
            socket: None,
            consent: None,
        }
    }
}

impl App {
    /// `yyyy-MM-dd HH:mm:ss` in the deployment's zone.
    fn local_time(&self, at: Timestamp) -> Option<String> {
        let instant = Instant::from_second(i64::try_from(at.secs()).ok()?).ok()?;
        let local = instant.to_zoned(self.time_zone.clone());
        Some(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}
