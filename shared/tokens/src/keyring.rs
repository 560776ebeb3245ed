//! The keys of a running instance, which follow the secrets while they are rotated.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use jsonwebtoken::jwk::JwkSet;
use saoma_domain::{
    client::Client,
    issuer::TokenAlgorithm,
    ports::{Clock, KeyName, KeyedHash, KeyedTag, SigningSecret, SigningSecrets, WebhookKeys},
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use crate::{KeyError, Keys, TokenError, keys::Unverified};

/// How long an instance uses what it has read. After this time every instance whose read succeeds knows a version that
/// is published now, and uses none that was dropped. An instance whose reads fail keeps its old keys.
pub const RELOAD_EVERY: Duration = Duration::from_mins(5);

/// The shortest time between two reads for unknown keys. After a failed read, the next read by time waits this long,
/// too.
pub const RELOAD_FLOOR: Duration = Duration::from_secs(30);

/// How long others may keep the published key set: the `max-age` of its answer.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// How long a new version is published before it may sign. An instance may publish the old set for [`RELOAD_EVERY`]
/// longer, and others may keep that answer for [`JWKS_MAX_AGE`].
pub const PUBLISHED_BEFORE_USE: Duration = RELOAD_EVERY.saturating_add(JWKS_MAX_AGE);

/// The shortest time between two reads for the first RSA key. It is short, so an operator who makes the key and registers a
/// client meets no instance that cannot sign; and only the two functions that publish or use such keys read at all.
pub const RSA_FLOOR: Duration = Duration::from_secs(1);

/// How long a new RSA key is published before it may sign: API Gateway, for which such keys are made, keeps a key set for up
/// to two hours whatever its `max-age` says ("Control access to HTTP APIs with JWT authorizers in API Gateway").
pub const RSA_PUBLISHED_BEFORE_USE: Duration = RELOAD_EVERY.saturating_add(Duration::from_hours(2));

/// The keys of this instance. It reads the secrets again by time, and when a token or a hash names an unknown key.
///
/// Each use takes the current keys and waits for nothing. One read runs at a time: other callers that need a read
/// wait for it. If a read fails, the keys stay as they are.
pub struct Keyring {
    source: Arc<dyn SigningSecrets>,
    /// The secret that holds RSA keys, where this function signs or verifies with them.
    rsa: Option<Arc<dyn SigningSecrets>>,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<Keys>>,
    reads: Mutex<Reads>,
}

/// When the secret was read.
struct Reads {
    /// The last read that succeeded.
    last: Timestamp,
    /// The last read that failed, since then.
    failed: Option<Timestamp>,
    /// The last read because a key was not known.
    asked: Option<Timestamp>,
    /// The last read because there was no RSA key.
    asked_for_rsa: Option<Timestamp>,
}

impl Reads {
    /// Whether it is time to read again. After a failure, the next read waits for the floor.
    fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.last) >= RELOAD_EVERY && self.failed.is_none_or(|at| now.since(at) >= RELOAD_FLOOR)
    }

    /// Whether an unknown key may cause a read. A thousand of them in a minute cause two.
    fn may_ask(&self, now: Timestamp) -> bool {
        self.asked.is_none_or(|at| now.since(at) >= RELOAD_FLOOR)
    }
}

impl Keyring {
    /// The keys of a secret that was read just now, and where to read it again.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(
        secret: &SigningSecret,
        source: Arc<dyn SigningSecrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let reads = Reads { last: clock.now(), failed: None, asked: None, asked_for_rsa: None };
        let keys = RwLock::new(Arc::new(Keys::derive(secret)?));
        Ok(Self { source, rsa: None, clock, keys, reads: Mutex::new(reads) })
    }

    /// The same, with the RSA keys of another secret that was read just now and may have none yet, and where to read it
    /// again.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`].
    pub fn with_rsa(
        mut self,
        secret: Option<&SigningSecret>,
        source: Arc<dyn SigningSecrets>,
    ) -> Result<Self, KeyError> {
        self.rsa = Some(source);
        if let Some(secret) = secret {
            self.keys = RwLock::new(Arc::new(self.keys().with_rsa(secret)?));
        }
        Ok(self)
    }

    /// Reads the secret again if the last read was [`RELOAD_EVERY`] ago. Call it at the start of every invocation:
    /// an instance sleeps between two, so no task of its own could keep the time.
    pub async fn keep_fresh(&self) {
        let mut reads = self.reads.lock().await;
        if reads.is_due(self.clock.now()) {
            self.read_again(&mut reads).await;
        }
    }

    /// Reads the secret again if `known` is false and no unknown key has caused a read within [`RELOAD_FLOOR`].
    async fn learn_unless(&self, known: impl Fn(&Keys) -> bool) {
        if known(&self.keys()) {
            return;
        }
        let mut reads = self.reads.lock().await;
        let now = self.clock.now();
        if !known(&self.keys()) && reads.may_ask(now) {
            reads.asked = Some(now);
            self.read_again(&mut reads).await;
        }
    }

    async fn read_again(&self, reads: &mut Reads) {
        let now = self.clock.now();
        let read = match self.read().await {
            Ok(keys) => self.read_rsa(keys).await,
            Err(cause) => Err((None, cause)),
        };
        let (keys, failure) = match read {
            Ok(keys) => (Some(keys), None),
            Err((keys, cause)) => (keys, Some(cause)),
        };
        if let Some(keys) = keys {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        }
        match failure {
            None => (reads.last, reads.failed) = (now, None),
            Some(cause) => {
                reads.failed = Some(now);
                tracing::error!(cause, "a signing secret could not be read again; its keys stay as they are");
            }
        }
    }

    /// The keys that are derived from the secret, without RSA keys.
    async fn read(&self) -> Result<Keys, String> {
        let secret = self.source.read().await.map_err(|error| error.to_string())?;
        Keys::derive(&secret).map_err(|error| error.to_string())
    }

    /// These keys with the RSA keys as they are now; on a failure, with those that this instance had, and the cause. So a
    /// second secret that cannot be read keeps no dropped key of the first one alive.
    async fn read_rsa(&self, keys: Keys) -> Result<Keys, (Option<Keys>, String)> {
        let Some(source) = &self.rsa else { return Ok(keys) };
        let read = match source.find().await {
            Ok(None) => return Ok(keys),
            Ok(Some(secret)) => keys.with_rsa(&secret).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        read.map_err(|cause| (Some(keys.with_rsa_of(&self.keys())), cause))
    }

    /// The keys as they are now.
    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The published key set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        self.keys().jwks()
    }

    /// The algorithms that tokens can be signed with: ES256, and RS256 once the deployment has an RSA key.
    #[must_use]
    pub fn algorithms(&self) -> Vec<TokenAlgorithm> {
        let keys = self.keys();
        TokenAlgorithm::ALL.iter().copied().filter(|it| keys.signs_with(*it)).collect()
    }

    /// Reads the secrets again if there is a secret for RSA keys and this instance knows no key of it, because an operator
    /// may just have made one. Those reads have a floor of their own, [`RSA_FLOOR`].
    pub async fn learn_rsa(&self) {
        let knows = || self.keys().signs_with(TokenAlgorithm::Rs256);
        if self.rsa.is_none() || knows() {
            return;
        }
        let mut reads = self.reads.lock().await;
        let now = self.clock.now();
        if !knows() && reads.asked_for_rsa.is_none_or(|at| now.since(at) >= RSA_FLOOR) {
            reads.asked_for_rsa = Some(now);
            self.read_again(&mut reads).await;
        }
    }

    /// Signs with ES256.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, TokenError> {
        self.sign_with(TokenAlgorithm::Es256, typ, claims)
    }

    pub(crate) fn sign_with(
        &self,
        algorithm: TokenAlgorithm,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, TokenError> {
        self.keys().sign(algorithm, typ, claims)
    }

    /// The claims of a token of this `typ`. If this instance does not know the token's key, another instance may have a
    /// newer one, so it reads the secret again before it refuses the token.
    pub(crate) async fn open<C: DeserializeOwned>(&self, typ: &str, token: &str) -> Result<C, TokenError> {
        let token = Unverified::read(typ, token)?;
        self.learn_unless(|keys| keys.has_kid(token.kid())).await;
        self.keys().open(&token)
    }
}

#[async_trait]
impl KeyedHash for Keyring {
    fn current_key(&self) -> KeyName {
        self.keys().current_name()
    }

    fn key_names(&self) -> Vec<KeyName> {
        self.keys().names()
    }

    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> KeyedTag {
        self.keys().tag(purpose, parts)
    }

    fn keyed_hash_under(&self, key: &KeyName, purpose: &str, parts: &[&str]) -> Option<KeyedTag> {
        self.keys().tag_under(key, purpose, parts)
    }

    async fn learn(&self, key: &KeyName) {
        self.learn_unless(|keys| keys.has_name(key)).await;
    }

    async fn look_again(&self) {
        self.learn_unless(|_| false).await;
    }
}

impl WebhookKeys for Keyring {
    fn webhook_keys(&self, client: &Client, now: Timestamp) -> Vec<[u8; 32]> {
        self.keys().webhook_keys(client, now)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?})", self.keys())
    }
}
