//! Tokens of other issuers, by which the people of a product that has accounts of its own approve logins
//! (`docs/issuers.md`).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_domain::{
    issuer::{ForeignSignIn, PresentedToken, Subject, TokenAlgorithm, TokenIssuer},
    ports::{ForeignClaims, IssuerTokens, NotProven},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::{
    access::present_number,
    foreign::{ForeignAlgorithm, ForeignToken},
    key_sets::{KeySetCache, KeySetError},
    keys::LONGEST_TOKEN,
};

/// How far the issuer's clock may be ahead of ours: a token may say that it was made so much later.
const CLOCK_SKEW: Duration = Duration::from_secs(30);
/// The longest a token may still be good. Our sign-in remembers that it was ended for at least as long.
const LONGEST_LIFE: Duration = Duration::from_hours(30 * 24);
/// The most audiences that a token may name.
const MOST_AUDIENCES: usize = 8;
/// The `typ` that a token may have (RFC 7519 section 5.1, RFC 9068 section 2.1). It may have none.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];
/// What some issuers say of the kind of a token in its claims, where it is no access token.
const OTHER_KINDS: [&str; 5] = ["id", "refresh", "logout", "offline", "serialized-id"];

/// One text, or several of them: `aud` (RFC 7519 section 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

/// Whom a token says it is of and for.
#[derive(Deserialize)]
struct UnverifiedNames {
    iss: String,
    aud: OneOrMore,
}

/// Reads whom a token says it is of and for. `None` for a token of ours, and for one that cannot be read: the verification of
/// our own tokens is the answer to both.
#[must_use]
pub fn presented(text: &str, our_issuer: &str) -> Option<PresentedToken> {
    let claims = text.split('.').nth(1).filter(|_| text.len() <= LONGEST_TOKEN)?;
    let names: UnverifiedNames = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let audiences = names.aud.all();
    let foreign = names.iss != our_issuer && audiences.len() <= MOST_AUDIENCES;
    foreign.then(|| PresentedToken {
        text: text.to_owned(),
        unverified_issuer: names.iss,
        unverified_audiences: audiences,
    })
}

/// The claims of a token. Its signature is verified; nothing else is.
#[derive(Deserialize)]
struct UnverifiedClaims {
    iss: String,
    aud: OneOrMore,
    sub: String,
    sid: Option<String>,
    exp: u64,
    iat: u64,
    #[serde(default, deserialize_with = "present_number")]
    nbf: u64,
    #[serde(default, deserialize_with = "present_moment")]
    auth_time: Option<u64>,
    /// Of an ID token (OpenID Connect Core sections 2 and 3.3.2.11).
    nonce: Option<IgnoredAny>,
    at_hash: Option<IgnoredAny>,
    c_hash: Option<IgnoredAny>,
    /// Of a logout token or a security event (RFC 8417 section 2.2).
    events: Option<IgnoredAny>,
    /// Of a token that is bound to a key, and so is worth nothing without a proof (RFC 7800 section 3.1).
    cnf: Option<IgnoredAny>,
    typ: Option<String>,
    token_use: Option<String>,
}

fn present_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}

impl UnverifiedClaims {
    /// Whether it says that it is a token of another kind.
    fn is_of_another_kind(&self) -> bool {
        let marks = [&self.nonce, &self.at_hash, &self.c_hash, &self.events, &self.cnf];
        let other = |kind: &Option<String>| {
            kind.as_ref().is_some_and(|kind| OTHER_KINDS.contains(&kind.to_ascii_lowercase().as_str()))
        };
        marks.iter().any(|mark| mark.is_some()) || other(&self.typ) || other(&self.token_use)
    }

    /// The checks, in order: issuer, audience, kind, times, and the names of the person and their sign-in.
    fn check(self, by: &TokenIssuer, now: Timestamp) -> Result<ForeignClaims, &'static str> {
        if self.iss != by.issuer.as_str() {
            return Err("another issuer");
        }
        if self.is_of_another_kind() {
            return Err("a token of another kind");
        }
        if !self.aud.all().iter().any(|it| it == by.audience.as_str()) {
            return Err("another audience");
        }
        let soon = now.plus(CLOCK_SKEW).secs();
        if now.secs() >= self.exp || self.exp > now.plus(LONGEST_LIFE).secs() {
            return Err("over, or good for more than thirty days");
        }
        if self.iat > soon || self.nbf > soon || self.auth_time.is_some_and(|at| at > soon) {
            return Err("of the future");
        }
        let sid = self.sid.as_deref().and_then(ForeignSignIn::parse);
        Ok(ForeignClaims {
            subject: Subject::parse(&self.sub).ok_or("a subject that is no name")?,
            sign_in: sid.ok_or("no sid, or one that is no name")?,
            issued_at: Timestamp::from_secs(self.iat),
            proved_at: self.auth_time.map(Timestamp::from_secs),
            expires_at: Timestamp::from_secs(self.exp),
        })
    }
}

/// Verifies tokens of other issuers against the key sets that they publish.
pub struct IssuedTokens(pub Arc<KeySetCache>);

#[async_trait]
impl IssuerTokens for IssuedTokens {
    /// The checks, in order: the header names a kind that counts, and a key; the issuer's key set has a key of that name and of
    /// the registered algorithm, and it signed the token with that algorithm; then the claims.
    async fn verify(
        &self,
        token: &PresentedToken,
        by: &TokenIssuer,
        now: Timestamp,
    ) -> Result<ForeignClaims, NotProven> {
        let token = ForeignToken::read(&token.text).map_err(|_| NotProven::Invalid("no JWT"))?;
        let typed = token.typ().is_none_or(|typ| TYPES.contains(&typ.to_ascii_lowercase().as_str()));
        if !typed {
            return Err(NotProven::Invalid("its header says that it is of another kind"));
        }
        let kid = token.kid().ok_or(NotProven::Invalid("it names no key"))?;
        let keys = self.0.key_set(&by.keys, Some(kid)).await?;
        // A key of the registered algorithm and the token's name, and no other: a key set may hold both kinds.
        let named = keys.keys().iter().filter(|key| key.kid() == Some(kid));
        let mut fitting = named.filter(|key| key.algorithm() == algorithm(by.algorithm));
        let claims: Option<UnverifiedClaims> = fitting.find_map(|key| token.open_with(key).ok());
        let claims = claims.ok_or(NotProven::Invalid("no key of the issuer has signed it"))?;
        claims.check(by, now).map_err(NotProven::Invalid)
    }
}

const fn algorithm(registered: TokenAlgorithm) -> ForeignAlgorithm {
    match registered {
        TokenAlgorithm::Es256 => ForeignAlgorithm::Es256,
        TokenAlgorithm::Rs256 => ForeignAlgorithm::Rs256,
    }
}

impl From<KeySetError> for NotProven {
    fn from(error: KeySetError) -> Self {
        match error {
            KeySetError::Unavailable(wait) => Self::Unavailable(wait),
            KeySetError::Store(error) => Self::Store(error),
        }
    }
}
