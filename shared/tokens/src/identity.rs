//! The shop contract's `member_identifier`: who a person is, signed (`docs/shop.md`).

use saoma_domain::{identity::AccountId, session::Session, sign_in::Method, time::Timestamp};
use serde::Serialize;
use std::time::Duration;

use crate::{Keyring, TokenError, issued_at};

/// A token type of its own, so that no verifier takes it for another kind (RFC 8725 section 3.11).
const TYP: &str = "identity+jwt";

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    iat: u64,
    exp: u64,
    amr: [&'static str; 1],
}

impl Keyring {
    /// Tells a session's client who signed in, and when. It gives access to nothing.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_identity(
        &self,
        issuer: &str,
        session: &Session,
        account: AccountId,
        method: Method,
        at: Timestamp,
        life: Duration,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: issuer,
            aud: session.client.as_str(),
            sub: account.to_string(),
            iat: issued_at(at),
            exp: at.plus(life).secs(),
            amr: [method.as_str()],
        };
        self.sign(TYP, &claims)
    }
}
