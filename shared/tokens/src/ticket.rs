//! The ticket a signed-in page brings to its server, to be exchanged once (`docs/web.md`).

use std::time::Duration;

use saoma_domain::{
    identity::ClientId,
    secrets::{SessionCode, TokenId},
    session::{REDEEM_AGAIN, Session},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Keyring, TokenError, access::present_number, issued_at};

const TYP: &str = "ticket+jwt";

/// A verified ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketClaims {
    /// The session it redeems.
    pub code: SessionCode,
    /// The client it was made for.
    pub client: ClientId,
    /// Its own id, which becomes the id of the token it is exchanged for.
    pub id: TokenId,
    /// From this moment it redeems nothing. It still gets the token again that it was exchanged for.
    pub expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sid: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
}

/// The claims of a ticket. Its signature is verified; nothing else is.
#[derive(Debug, Deserialize)]
struct UnverifiedTicket {
    iss: String,
    aud: String,
    sid: String,
    jti: String,
    exp: u64,
    #[serde(default, deserialize_with = "present_number")]
    nbf: u64,
}

impl Keyring {
    /// A ticket for a confirmed session. Making one stores nothing. Using one redeems the session, so of any number
    /// of tickets for one session one works.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_ticket(
        &self,
        issuer: &str,
        session: &Session,
        id: &TokenId,
        life: Duration,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: issuer,
            aud: session.client.as_str(),
            sid: session.code.as_str(),
            iat: issued_at(now),
            exp: now.plus(life).min(session.expires_at).secs(),
            jti: id.as_str(),
        };
        self.sign(TYP, &claims)
    }

    /// Verifies a ticket brought by `client`. A ticket whose time is over verifies for [`REDEEM_AGAIN`] longer,
    /// because the answer to its exchange may have been lost in its last second.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn verify_ticket(
        &self,
        issuer: &str,
        client: &ClientId,
        ticket: &str,
        now: Timestamp,
    ) -> Result<TicketClaims, TokenError> {
        let claims: UnverifiedTicket = self.open(TYP, ticket).await?;
        let for_them = claims.iss == issuer && claims.aud == client.as_str();
        let expires_at = Timestamp::from_secs(claims.exp);
        let good_now = claims.nbf <= now.secs() && now < expires_at.plus(REDEEM_AGAIN);
        let code = SessionCode::parse(&claims.sid).filter(|_| for_them && good_now);
        let id = TokenId::from_stored(&claims.jti);
        code.map(|code| TicketClaims { code, client: client.clone(), id, expires_at })
            .ok_or(TokenError::Invalid)
    }
}
