//! The token that lets a screen watch its session over a socket (`docs/web.md`).
//!
//! It names the session by a hash of its code, so it does not help to scan the session, to ask how it stands or to
//! redeem it. It may be used more than once: a screen whose connection broke connects again.

use saoma_domain::{identity::ClientId, session::Session, time::Timestamp, watching::WatchRef};
use serde::{Deserialize, Serialize};

use crate::{Keyring, TokenError, access::present_number, issued_at};

const TYP: &str = "watch+jwt";

/// What a verified watch token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchClaims {
    /// The one session that may be watched.
    pub session: WatchRef,
    /// The session's client, whose pages may watch.
    pub client: ClientId,
    /// When the session ends, and the token with it.
    pub expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    client_id: &'a str,
    iat: u64,
    exp: u64,
}

/// The claims of a watch token. Its signature is verified; nothing else is.
#[derive(Debug, Deserialize)]
struct UnverifiedWatch {
    iss: String,
    sub: String,
    client_id: String,
    exp: u64,
    #[serde(default, deserialize_with = "present_number")]
    nbf: u64,
}

impl Keyring {
    /// A token that allows watching this session until it ends. Making one stores nothing.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_watch(&self, issuer: &str, session: &Session, now: Timestamp) -> Result<String, TokenError> {
        let watched = WatchRef::of(&session.code);
        let claims = Claims {
            iss: issuer,
            sub: watched.as_str(),
            client_id: session.client.as_str(),
            iat: issued_at(now),
            exp: session.expires_at.secs(),
        };
        self.sign(TYP, &claims)
    }

    /// Verifies a watch token.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], also when its session has ended.
    pub async fn verify_watch(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<WatchClaims, TokenError> {
        let claims: UnverifiedWatch = self.open(TYP, token).await?;
        let good_now = claims.nbf <= now.secs() && now.secs() < claims.exp;
        if claims.iss != issuer || !good_now {
            return Err(TokenError::Invalid);
        }
        Ok(WatchClaims {
            session: WatchRef::parse(&claims.sub).ok_or(TokenError::Invalid)?,
            client: ClientId::parse(&claims.client_id).ok_or(TokenError::Invalid)?,
            expires_at: Timestamp::from_secs(claims.exp),
        })
    }
}
