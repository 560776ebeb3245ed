//! The person who signed in, in the contract's form.

use saoma_domain::{
    account::Account, identity::PhoneNumber, session::Session, sign_in::Method, time::Timestamp,
};
use saoma_http::{Facts, Problem};
use serde::Serialize;

use crate::App;

/// The member object, with the contract's names and types. It holds a token, so it has no `Debug`
/// (`docs/security.md` J2).
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub(crate) struct Member {
    member_id: String,
    login_id: String,
    #[serde(rename = "nickName")]
    nick_name: String,
    token: String,
    r#type: &'static str,
    visit: String,
    last_time: u64,
    ip: String,
    member_identifier: String,
    qrcode: String,
    status: u8,
}

impl Member {
    /// The member who confirmed a session, with the `token` of the caller. `at` is when the identity was established.
    /// The same moment gives the same answer.
    pub(crate) async fn of(
        app: &App,
        facts: &Facts,
        session: &Session,
        (account, method): (&Account, Method),
        token: String,
        at: Timestamp,
    ) -> Result<Self, Problem> {
        let service = &app.service;
        let visits = app.visits.visits(account.id).await?;
        let (issuer, life) = (service.public_url(facts.domain())?, service.settings.access_token_life);
        let number = account.phone_number.as_ref().map(PhoneNumber::national);
        Ok(Self {
            member_id: account.id.to_string(),
            login_id: number.map_or_else(|| account.id.to_string(), str::to_owned),
            nick_name: account.nick_name(),
            token,
            r#type: "1",
            visit: visits.count.to_string(),
            last_time: visits.last_at.secs(),
            ip: visits.last_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            member_identifier: service.keys.mint_identity(&issuer, session, account.id, method, at, life)?,
            qrcode: session.code.to_string(),
            status: 2,
        })
    }
}
