//! ID tokens (OpenID Connect Core section 2).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    identity::{AccountId, ClientId, SignInId},
    issuer::TokenAlgorithm,
    sign_in::Method,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Keyring, TokenError, issued_at};

/// The `typ` that relying parties expect. Of ours, only [`Keyring::read_id_token_hint`] takes it (RFC 8725 section 3.11).
const TYP: &str = "JWT";

/// An ID token to be signed.
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// `iss`: the service's public address.
    pub issuer: &'a str,
    /// `aud`: the client it is for.
    pub client: &'a ClientId,
    /// `sub`: the person's account.
    pub account: AccountId,
    /// `nonce`, as the client sent it.
    pub nonce: Option<&'a str>,
    /// When the person scanned. Its `auth_time` lies [`ISSUED_EARLIER`](crate::ISSUED_EARLIER) before, as `iat` does.
    pub authenticated_at: Timestamp,
    /// `amr`: how the person proved who they are.
    pub method: Method,
    /// `sid`: the sign-in that refreshes the tokens, if there is one.
    pub sign_in: Option<&'a SignInId>,
    /// The access token that comes with it; `at_hash` ties the two together.
    pub access_token: &'a str,
    /// When it was made.
    pub at: Timestamp,
    /// How long it is good, from `at`.
    pub life: Duration,
    /// What it is signed with.
    pub algorithm: TokenAlgorithm,
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    exp: u64,
    iat: u64,
    auth_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    amr: [&'static str; 1],
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

impl Keyring {
    /// Signs an ID token. The same contents give the same token, to the byte.
    ///
    /// # Errors
    /// [`TokenError::Unsignable`].
    pub fn mint_id_token(&self, token: &IdToken<'_>) -> Result<String, TokenError> {
        let claims = Claims {
            iss: token.issuer,
            sub: token.account.to_string(),
            aud: token.client.as_str(),
            exp: token.at.plus(token.life).secs(),
            iat: issued_at(token.at),
            auth_time: issued_at(token.authenticated_at),
            nonce: token.nonce,
            amr: [token.method.as_str()],
            at_hash: half_hash(token.access_token),
            sid: token.sign_in.map(SignInId::as_str),
        };
        self.sign_with(token.algorithm, TYP, &claims)
    }
}

/// What an ID token that comes back as a hint says (OpenID Connect Core section 3.1.2.1, `id_token_hint`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// `sub`.
    pub account: AccountId,
    /// `aud`.
    pub client: ClientId,
}

#[derive(Debug, Deserialize)]
struct HintClaims {
    iss: String,
    sub: String,
    aud: String,
}

impl Keyring {
    /// The account that an ID token of ours names, which was issued to this client. It says who was signed in once and
    /// proves nothing about now, so its time may be over (OpenID Connect Core section 3.1.2.1, `id_token_hint`).
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn open_id_token(
        &self,
        issuer: &str,
        client: &ClientId,
        token: &str,
    ) -> Result<AccountId, TokenError> {
        let hint = self.read_id_token_hint(issuer, token).await?;
        if hint.client == *client { Ok(hint.account) } else { Err(TokenError::Invalid) }
    }

    /// Reads an ID token that we made and that comes back as a hint. It may be over: it says who was meant, and gives no
    /// right.
    ///
    /// # Errors
    /// [`TokenError::Invalid`].
    pub async fn read_id_token_hint(&self, issuer: &str, token: &str) -> Result<IdTokenHint, TokenError> {
        let claims: HintClaims = self.open(TYP, token).await?;
        if claims.iss != issuer {
            return Err(TokenError::Invalid);
        }
        Ok(IdTokenHint {
            account: AccountId::parse(&claims.sub).ok_or(TokenError::Invalid)?,
            client: ClientId::parse(&claims.aud).ok_or(TokenError::Invalid)?,
        })
    }
}

/// The left half of the SHA-256 (OpenID Connect Core section 3.1.3.6).
fn half_hash(token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}
