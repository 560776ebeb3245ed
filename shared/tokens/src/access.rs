//! Access tokens (RFC 9068).
//!
//! A phone's token says `scope: approve_login` and may approve logins. A token that a screen got by QR never says
//! so, because one approval must not lead to further approvals (`docs/security.md` A12).

use std::{fmt, time::Duration};

use saoma_domain::{
    identity::{AccountId, Approver, ClientId, Phone, SignInId},
    issuer::TokenAlgorithm,
    oauth::{KeyThumbprint, Scopes},
    secrets::TokenId,
    session::{Redemption, Session},
    sign_in::{Method, SignIn},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::{ISSUED_EARLIER, Keyring, issued_at};

const TYP: &str = "at+jwt";

/// Why a token is not accepted or not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// The token is not ours, is meant for another use, or has expired. Callers do not learn which.
    #[error("the token is not valid")]
    Invalid,
    /// The token is genuine, but a screen got it by QR, so it may not approve logins (`docs/security.md` A12).
    #[error("the token may not approve logins")]
    MayNotApprove,
    /// Signing failed. No claims cause this.
    #[error("the token could not be signed")]
    Unsignable,
}

/// A signed token, and how long it is good.
#[derive(Clone)]
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// How long it is good.
    pub expires_in: Duration,
}

/// A token serves every holder, so logs get only its life (`docs/security.md` J2).
impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MintedToken(…, {:?})", self.expires_in)
    }
}

/// The `scope` of a phone's token. No [`Scopes`] that a client can be granted contain it.
const APPROVE_LOGIN: &str = "approve_login";

/// What a token allows its holder to do: its `scope` (RFC 9068 section 2.2.3).
#[derive(Clone, Copy, Debug)]
pub enum Allows {
    /// Nothing but to say who signed in.
    Nothing,
    /// To approve logins. Only a phone's token does.
    ApproveLogin,
    /// What the person granted to a client by OAuth.
    Granted(Scopes),
}

impl Allows {
    fn scope(self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::ApproveLogin => Some(APPROVE_LOGIN.to_owned()),
            Self::Granted(scopes) => Some(scopes.to_string()).filter(|scope| !scope.is_empty()),
        }
    }
}

/// An access token to be signed.
#[derive(Clone, Copy, Debug)]
pub struct AccessToken<'a> {
    /// `iss`: the service's public address.
    pub issuer: &'a str,
    /// `aud`: the service or client that may accept it.
    pub audience: &'a str,
    /// `sub`: the person's account.
    pub account: AccountId,
    /// `client_id`: the client it was made for.
    pub client: &'a ClientId,
    /// `jti`.
    pub id: &'a TokenId,
    /// `scope`: what it allows its holder to do.
    pub allows: Allows,
    /// `sid`: the sign-in it belongs to, if it belongs to one.
    pub sign_in: Option<&'a SignInId>,
    /// `cnf`: the key whose holder alone may use it, if there is one (RFC 9449 section 6).
    pub bound_to: Option<&'a KeyThumbprint>,
    /// `amr`: how the person proved who they are. A screen's token has the method of the phone that approved it.
    pub method: Method,
    /// When it was made. Its `iat` lies [`ISSUED_EARLIER`](crate::ISSUED_EARLIER) before.
    pub at: Timestamp,
    /// How long it is good, from `at`.
    pub life: Duration,
    /// What it is signed with.
    pub algorithm: TokenAlgorithm,
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
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation<&'a str>>,
    /// RFC 8176.
    amr: [&'static str; 1],
}

/// The key that a token is bound to (RFC 7800, RFC 9449 section 6.1).
#[derive(Debug, Serialize, Deserialize)]
struct Confirmation<T> {
    jkt: T,
}

impl<'a> AccessToken<'a> {
    fn claims(&self) -> AccessClaims<'a> {
        AccessClaims {
            iss: self.issuer,
            aud: self.audience,
            sub: self.account.to_string(),
            client_id: self.client.as_str(),
            iat: issued_at(self.at),
            exp: self.at.plus(self.life).secs(),
            jti: self.id.as_str(),
            scope: self.allows.scope(),
            sid: self.sign_in.map(SignInId::as_str),
            cnf: self.bound_to.map(|key| Confirmation { jkt: key.as_str() }),
            amr: [self.method.as_str()],
        }
    }
}

/// The claims of a token. Its signature is verified; nothing else is.
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
    #[serde(default)]
    jti: String,
    #[serde(default, deserialize_with = "present_number")]
    iat: u64,
    #[serde(default)]
    cnf: Option<Confirmation<String>>,
}

/// Reads a claim that may be missing, but not `null`, a string or a fraction (`docs/security.md` E10).
pub(crate) fn present_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer)
}

impl Keyring {
    /// Signs an access token. The same contents give the same token, to the byte.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint(&self, token: &AccessToken<'_>) -> Result<MintedToken, TokenError> {
        let signed = self.sign_with(token.algorithm, TYP, &token.claims())?;
        Ok(MintedToken { token: signed, expires_in: token.life })
    }

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
        self.mint(&AccessToken {
            issuer,
            audience: issuer,
            account: sign_in.account,
            client: &sign_in.client,
            id,
            allows: Allows::ApproveLogin,
            sign_in: Some(&sign_in.id),
            bound_to: None,
            method: sign_in.method,
            at: now,
            life,
            algorithm: TokenAlgorithm::Es256,
        })
    }

    /// The token of a redeemed session. It is for the client alone and approves nothing. The same redemption gives
    /// the same token, to the byte.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_screen_token(
        &self,
        issuer: &str,
        session: &Session,
        account: AccountId,
        redemption: &Redemption,
        method: Method,
        life: Duration,
    ) -> Result<MintedToken, TokenError> {
        self.mint(&AccessToken {
            issuer,
            audience: session.client.as_str(),
            account,
            client: &session.client,
            id: &redemption.id,
            allows: Allows::Nothing,
            sign_in: None,
            bound_to: None,
            method,
            at: redemption.at,
            life,
            algorithm: TokenAlgorithm::Es256,
        })
    }

    /// Verifies a phone's token for a step of a login. The checks, in order: our signature, its time, its scope,
    /// its audience.
    ///
    /// The scope is checked before the audience, so the holder of a screen's token gets the true reason: the token
    /// is genuine but may not approve.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] or [`TokenError::MayNotApprove`].
    pub async fn verify_approver(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Approver, TokenError> {
        let claims: UnverifiedClaims = self.open(TYP, token).await?;
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
        Ok(Approver { phone: Phone { account, sign_in: phone }, app, address: None })
    }

    /// Verifies an access token that a client was granted by OAuth. Its audience is that client, so it approves nothing
    /// here.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn verify_granted(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<GrantedClaims, TokenError> {
        let claims: UnverifiedClaims = self.open(TYP, token).await?;
        let good_now = now.secs() < claims.exp && now.secs() >= claims.nbf;
        if claims.iss != issuer || !good_now || claims.aud != claims.client_id {
            return Err(TokenError::Invalid);
        }
        let bound_to = match claims.cnf {
            Some(cnf) => Some(KeyThumbprint::parse(&cnf.jkt).ok_or(TokenError::Invalid)?),
            None => None,
        };
        Ok(GrantedClaims {
            bound_to,
            account: AccountId::parse(&claims.sub).ok_or(TokenError::Invalid)?,
            client: ClientId::parse(&claims.client_id).ok_or(TokenError::Invalid)?,
            sign_in: SignInId::parse(&claims.sid).ok_or(TokenError::Invalid)?,
            scopes: Scopes::parse(&claims.scope),
            id: TokenId::from_stored(&claims.jti),
            issued_at: Timestamp::from_secs(claims.iat),
            expires_at: Timestamp::from_secs(claims.exp),
        })
    }
}

/// What a verified access token of a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedClaims {
    /// `sub`.
    pub account: AccountId,
    /// `client_id`.
    pub client: ClientId,
    /// `sid`: the sign-in of the login that it came from.
    pub sign_in: SignInId,
    /// `scope`.
    pub scopes: Scopes,
    /// `cnf`: the key whose holder alone may use it. The caller checks the proof.
    pub bound_to: Option<KeyThumbprint>,
    /// `jti`.
    pub id: TokenId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

impl GrantedClaims {
    /// When it was made.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.issued_at.plus(ISSUED_EARLIER)
    }
}
