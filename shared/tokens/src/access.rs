//! Access tokens (RFC 9068).
//!
//! A phone's token says `scope: approve_login` and may approve logins. A token that a screen got by
//! QR never says so: one approval must not breed another (session core, rule 7).

use std::{fmt, time::Duration};

use saoma_domain::{
    identity::{AccountId, Approver, ClientId, Phone, SignInId},
    secrets::TokenId,
    session::{Redemption, Session},
    sign_in::SignIn,
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::Keys;

const TYP: &str = "at+jwt";
/// The capability to approve logins.
const APPROVE_LOGIN: &str = "approve_login";

/// Why a token is not accepted or not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// Not ours, not for this, or not any more. Callers learn no more than that.
    #[error("the token is not valid")]
    Invalid,
    /// Genuine, but it was got by QR and may not approve logins (ADVERSARIES A12).
    #[error("the token may not approve logins")]
    MayNotApprove,
    /// Signing failed, which no claims make it do.
    #[error("the token could not be signed")]
    Unsignable,
}

/// A signed token and what its receiver is told of it.
#[derive(Clone)]
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// How long it is good.
    pub expires_in: Duration,
}

/// Whoever holds a token is its owner: logs get its life (ADVERSARIES J2).
impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MintedToken(…, {:?})", self.expires_in)
    }
}

#[derive(Debug, Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    client_id: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    amr: [&'static str; 1],
}

/// What a token says. The signature is good; nothing else was looked at.
#[derive(Debug, Deserialize)]
struct UnverifiedClaims {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
    #[serde(default, deserialize_with = "present_number")]
    nbf: u64,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    sid: String,
    #[serde(default)]
    client_id: String,
}

/// A claim that may be missing but not `null`, a string or a fraction (ADVERSARIES E10).
pub(crate) fn present_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer)
}

impl Keys {
    /// A phone's token: it may approve logins, and its audience is this service.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_phone_token(
        &self,
        issuer: &str,
        sign_in: &SignIn,
        id: &TokenId,
        life: Duration,
        now: Timestamp,
    ) -> Result<MintedToken, TokenError> {
        let claims = AccessClaims {
            iss: issuer,
            aud: issuer,
            sub: sign_in.account.to_string(),
            client_id: sign_in.client.as_str(),
            iat: now.secs(),
            exp: now.plus(life).secs(),
            jti: id.as_str(),
            scope: Some(APPROVE_LOGIN),
            sid: Some(sign_in.id.as_str()),
            amr: ["sms"],
        };
        Ok(MintedToken { token: self.sign(TYP, &claims)?, expires_in: life })
    }

    /// The token of a redeemed session: for the client alone, and it approves nothing. The same
    /// redemption gives the same token, to the byte.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_screen_token(
        &self,
        issuer: &str,
        session: &Session,
        account: AccountId,
        redemption: &Redemption,
        life: Duration,
    ) -> Result<MintedToken, TokenError> {
        let client: &ClientId = &session.client;
        let claims = AccessClaims {
            iss: issuer,
            aud: client.as_str(),
            sub: account.to_string(),
            client_id: client.as_str(),
            iat: redemption.at.secs(),
            exp: redemption.at.plus(life).secs(),
            jti: redemption.id.as_str(),
            scope: None,
            sid: None,
            amr: ["qr"],
        };
        Ok(MintedToken { token: self.sign(TYP, &claims)?, expires_in: life })
    }

    /// Verifies a token that wants to act on a login: ours, good now, able to approve, for us.
    ///
    /// The capability is checked before the audience, so that the holder of a screen's token is told
    /// the truth: it is genuine and not allowed.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] or [`TokenError::MayNotApprove`].
    pub fn verify_approver(&self, issuer: &str, token: &str, now: Timestamp) -> Result<Approver, TokenError> {
        let claims: UnverifiedClaims = self.open(TYP, token)?;
        if claims.iss != issuer || now.secs() >= claims.exp || now.secs() < claims.nbf {
            return Err(TokenError::Invalid);
        }
        if !claims.scope.split(' ').any(|scope| scope == APPROVE_LOGIN) {
            return Err(TokenError::MayNotApprove);
        }
        if claims.aud != issuer {
            return Err(TokenError::Invalid);
        }
        let account = AccountId::parse(&claims.sub).ok_or(TokenError::Invalid)?;
        let phone = SignInId::parse(&claims.sid).ok_or(TokenError::Invalid)?;
        let app = ClientId::parse(&claims.client_id).ok_or(TokenError::Invalid)?;
        Ok(Approver { phone: Phone { account, sign_in: phone }, app })
    }
}
