//! The token that lets a screen watch its session over a socket (`docs/web.md`), or a phone the questions to its person.
//!
//! It names the session by a hash of its code, so it does not help to scan the session, to ask how it stands or to
//! redeem it. It may be used more than once: a screen whose connection broke connects again.

use saoma_domain::{
    identity::{AccountId, ClientId},
    session::Session,
    time::Timestamp,
    watching::{PHONE_WATCHES, WatchRef},
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Keyring, TokenError, access::present_number, issued_at};

const TYP: &str = "watch+jwt";

/// What a verified watch token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchClaims {
    /// What may be watched: one session, or the questions to one person.
    pub watched: WatchRef,
    /// The session's client, whose pages may watch. `None` for a phone: only our own page may.
    pub client: Option<ClientId>,
    /// When the token ends. That of a session ends when the session's time is over, however soon the session is used or
    /// cancelled.
    pub expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    iat: u64,
    exp: u64,
}

/// The claims of a watch token. Its signature is verified; nothing else is.
#[derive(Debug, Deserialize)]
struct UnverifiedWatch {
    iss: String,
    sub: String,
    #[serde(default, deserialize_with = "present_text")]
    client_id: Option<String>,
    exp: u64,
    #[serde(default, deserialize_with = "present_number")]
    nbf: u64,
}

/// A claim that may be missing, but is a text where it stands.
fn present_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl Keyring {
    /// A token that allows watching this session until its time is over. Making one stores nothing.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_watch(&self, issuer: &str, session: &Session, now: Timestamp) -> Result<String, TokenError> {
        let (watched, client) = (WatchRef::of(&session.code), Some(session.client.as_str()));
        self.sign_watch(issuer, &watched, client, session.expires_at, now)
    }

    /// A token that allows a phone to watch the questions to its person, for as long as [`PHONE_WATCHES`].
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_person_watch(
        &self,
        issuer: &str,
        person: AccountId,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        self.sign_watch(issuer, &WatchRef::of_person(person), None, now.plus(PHONE_WATCHES), now)
    }

    fn sign_watch(
        &self,
        issuer: &str,
        watched: &WatchRef,
        client_id: Option<&str>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let (iat, exp) = (issued_at(now), until.secs());
        self.sign(TYP, &Claims { iss: issuer, sub: watched.as_str(), client_id, iat, exp })
    }

    /// Verifies a watch token.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], also when its time is over.
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
            watched: WatchRef::parse(&claims.sub).ok_or(TokenError::Invalid)?,
            client: claims.client_id.map(|id| ClientId::parse(&id).ok_or(TokenError::Invalid)).transpose()?,
            expires_at: Timestamp::from_secs(claims.exp),
        })
    }
}
