//! The authorization request and the authorization code (RFC 6749 section 4.1), both signed by us and stored nowhere.
//!
//! A request stays in the page that shows the QR; its session keeps the hash. A code is brought back by the client. It
//! says everything that its exchange is checked against, and using it redeems the session, so it works once.

use std::time::Duration;

use saoma_domain::{
    identity::{AccountId, ClientId},
    oauth::{KeyThumbprint, Prompt, Prompts, Wishes},
    secrets::{SessionCode, TokenId},
    session::Session,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Keyring, TokenError, issued_at};

const REQUEST_TYP: &str = "authorization-request+jwt";
const PUSHED_TYP: &str = "pushed-authorization-request+jwt";
const CODE_TYP: &str = "authorization-code+jwt";
/// How long a page may show QRs for one request, one after the other.
pub const REQUEST_LIFE: Duration = Duration::from_mins(30);
/// How long a client has to send its person on with a pushed request (RFC 9126 section 2.2).
pub const PUSHED_LIFE: Duration = Duration::from_secs(90);
/// How long a client has to exchange a code (RFC 6749 section 4.1.2 says at most ten minutes).
pub const CODE_LIFE: Duration = Duration::from_mins(1);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: String,
    /// Where the answer goes. It was registered when the request came.
    pub redirect_uri: String,
    /// The scopes, in our order.
    pub scope: String,
    /// Comes back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Goes into the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The hash of the secret that the exchange must bring (RFC 7636 section 4.2); `None` of a client that may leave it
    /// out and did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// The language of our page that the client wishes for (the first of `ui_locales` that the page has).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the client wishes about how the person is signed in.
    #[serde(flatten)]
    pub wishes: SealedWishes,
    /// The key that the exchange must prove (RFC 9449 section 10): a [`KeyThumbprint`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}

/// [`Wishes`], as they stand in a sealed request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedWishes {
    /// `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    /// `max_age`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    /// `login_hint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_hint: Option<String>,
    /// The person of `id_token_hint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hinted_sub: Option<String>,
}

impl From<&Wishes> for SealedWishes {
    fn from(wishes: &Wishes) -> Self {
        Self {
            prompt: (!wishes.prompts.is_empty()).then(|| wishes.prompts.to_string()),
            max_age: wishes.max_age.map(|most| most.as_secs()),
            login_hint: wishes.login_hint.clone(),
            hinted_sub: wishes.person.map(|person| person.to_string()),
        }
    }
}

impl SealedWishes {
    /// The wishes. We sealed them, so what does not read as we write it is from another version of the service, and the
    /// person is asked.
    #[must_use]
    pub fn open(&self) -> Wishes {
        let asked = || Prompts::parse(Prompt::Login.as_str()).unwrap_or_default();
        Wishes {
            prompts: self
                .prompt
                .as_deref()
                .map_or_else(Prompts::default, |raw| Prompts::parse(raw).unwrap_or_else(asked)),
            max_age: self.max_age.map(Duration::from_secs),
            login_hint: self.login_hint.clone(),
            person: self.hinted_sub.as_deref().and_then(AccountId::parse),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct RequestClaims {
    iss: String,
    iat: u64,
    exp: u64,
    #[serde(flatten)]
    request: AuthorizationRequest,
}

#[derive(Debug, Serialize, Deserialize)]
struct PushedClaims {
    iss: String,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(flatten)]
    request: AuthorizationRequest,
}

/// A request that its client sent ahead (RFC 9126). We sealed it; its time and its use are for the caller to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRequest {
    /// What was asked.
    pub request: AuthorizationRequest,
    /// Its own id, which is used once.
    pub id: TokenId,
    /// From this moment it counts no more.
    pub expires_at: Timestamp,
}

/// What a verified code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// The session it redeems.
    pub session: SessionCode,
    /// Its own id, which becomes that of the access token.
    pub id: TokenId,
    /// The client it was made for.
    pub client: ClientId,
    /// The address it was sent to.
    pub redirect_uri: String,
    /// The hash of the secret that the exchange must bring. Without one it must bring none.
    pub code_challenge: Option<String>,
    /// The key that the exchange must prove.
    pub bound_to: Option<KeyThumbprint>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// From this moment it redeems nothing. It still gets the tokens again that it was exchanged for.
    pub expires_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct CodeClaims {
    iss: String,
    aud: String,
    sid: String,
    iat: u64,
    exp: u64,
    jti: String,
    redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_jkt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl Keyring {
    /// Seals a request for its page. Sealing stores nothing.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn seal_request(
        &self,
        issuer: &str,
        request: AuthorizationRequest,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let exp = now.plus(REQUEST_LIFE).secs();
        self.sign(REQUEST_TYP, &RequestClaims { iss: issuer.to_owned(), iat: issued_at(now), exp, request })
    }

    /// The request that a page brings back.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], also when the page was open for longer than [`REQUEST_LIFE`].
    pub async fn open_request(
        &self,
        issuer: &str,
        sealed: &str,
        now: Timestamp,
    ) -> Result<AuthorizationRequest, TokenError> {
        let claims: RequestClaims = self.open(REQUEST_TYP, sealed).await?;
        let good = claims.iss == issuer && now.secs() < claims.exp;
        if good { Ok(claims.request) } else { Err(TokenError::Invalid) }
    }

    /// Seals a request that its client sent ahead. Sealing stores nothing.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn seal_pushed(
        &self,
        issuer: &str,
        request: AuthorizationRequest,
        id: &TokenId,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let (iss, jti) = (issuer.to_owned(), id.as_str().to_owned());
        let exp = now.plus(PUSHED_LIFE).secs();
        self.sign(PUSHED_TYP, &PushedClaims { iss, iat: issued_at(now), exp, jti, request })
    }

    /// The request that was sent ahead. One whose time is over is opened, too, so that its client can be told.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn open_pushed(&self, issuer: &str, sealed: &str) -> Result<PushedRequest, TokenError> {
        let PushedClaims { iss, exp, jti, request, .. } = self.open(PUSHED_TYP, sealed).await?;
        if iss != issuer {
            return Err(TokenError::Invalid);
        }
        let expires_at = Timestamp::from_secs(exp);
        Ok(PushedRequest { request, id: TokenId::from_stored(&jti), expires_at })
    }

    /// A code for a confirmed session. Of any number of codes for one session one works.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_code(
        &self,
        issuer: &str,
        session: &Session,
        request: AuthorizationRequest,
        id: &TokenId,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let claims = CodeClaims {
            iss: issuer.to_owned(),
            aud: request.client_id,
            sid: session.code.as_str().to_owned(),
            iat: issued_at(now),
            exp: now.plus(CODE_LIFE).min(session.expires_at).secs(),
            jti: id.as_str().to_owned(),
            redirect_uri: request.redirect_uri,
            code_challenge: request.code_challenge,
            dpop_jkt: request.dpop_jkt,
            nonce: request.nonce,
        };
        self.sign(CODE_TYP, &claims)
    }

    /// Verifies a code. One whose time is over verifies too: its exchange may be repeated, because that answer may have
    /// been lost, or it is a replay, which ends what the code was exchanged for.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn verify_code(&self, issuer: &str, code: &str) -> Result<AuthorizationCode, TokenError> {
        let claims: CodeClaims = self.open(CODE_TYP, code).await?;
        let expires_at = Timestamp::from_secs(claims.exp);
        if claims.iss != issuer {
            return Err(TokenError::Invalid);
        }
        let bound_to = match claims.dpop_jkt {
            Some(jkt) => Some(KeyThumbprint::parse(&jkt).ok_or(TokenError::Invalid)?),
            None => None,
        };
        Ok(AuthorizationCode {
            bound_to,
            session: SessionCode::parse(&claims.sid).ok_or(TokenError::Invalid)?,
            id: TokenId::from_stored(&claims.jti),
            client: ClientId::parse(&claims.aud).ok_or(TokenError::Invalid)?,
            redirect_uri: claims.redirect_uri,
            code_challenge: claims.code_challenge,
            nonce: claims.nonce,
            expires_at,
        })
    }
}
