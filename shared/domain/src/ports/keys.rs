//! The secret that all keys are derived from, and the keyed hashes that are made with it.
//!
//! The secret has versions, and a version has a stage: [`SigningSecret`]. Instances read the stages again every few
//! minutes, so for a while two instances may see different ones. That is why a keyed hash names its key
//! ([`KeyedTag`]): it is checked under that key, and not under the one that is current by then.

use std::fmt;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use strum::{EnumString, IntoStaticStr, VariantArray};
use subtle::ConstantTimeEq;

use super::StoreError;
use crate::{client::Client, time::Timestamp};

/// The name of a key: the first characters of its published `kid`. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Characters of a name.
    pub const LENGTH: usize = 8;

    /// The name of the key with this `kid`.
    #[must_use]
    pub fn of_kid(kid: &str) -> Self {
        Self(kid.chars().take(Self::LENGTH).collect())
    }

    /// Reads eight characters of base64url; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (raw.len() == Self::LENGTH && raw.bytes().all(is_base64url)).then(|| Self(raw.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A keyed hash, and the name of its key. Written `<key>.<hash in base64url>`.
#[derive(Clone, Debug)]
pub struct KeyedTag {
    /// The key it was made with.
    pub key: KeyName,
    /// The hash.
    pub hash: [u8; 32],
}

impl KeyedTag {
    /// Reads what its `Display` writes; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let (key, hash) = raw.split_once('.')?;
        let hash = URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok()?;
        Some(Self { key: KeyName::parse(key)?, hash })
    }
}

impl fmt::Display for KeyedTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key.as_str(), URL_SAFE_NO_PAD.encode(self.hash))
    }
}

/// In constant time, so a caller cannot find a hash byte by byte.
impl PartialEq for KeyedTag {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.hash.ct_eq(&other.hash).into()
    }
}

impl Eq for KeyedTag {}

/// Keyed hashes (HMAC-SHA256) under keys that are in no table. They serve values that are too short for a plain hash,
/// and tokens that need no record of their own. Moving a boundary between two `parts` changes the hash, as does
/// another `purpose`.
#[async_trait]
pub trait KeyedHash: Send + Sync {
    /// The key that new hashes are made with.
    fn current_key(&self) -> KeyName;

    /// The keys whose hashes count, the current one first.
    fn key_names(&self) -> Vec<KeyName>;

    /// A new hash, under the current key.
    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> KeyedTag;

    /// The hash under a named key, for checking one that was made before. `None` when the key is not known: it was
    /// dropped, or this instance has not read it yet.
    fn keyed_hash_under(&self, key: &KeyName, purpose: &str, parts: &[&str]) -> Option<KeyedTag>;

    /// Reads the secret again if the key is not known, because another instance may know more than this one. Call it
    /// before [`KeyedHash::keyed_hash_under`] for a hash that someone brings.
    async fn learn(&self, key: &KeyName);

    /// Reads the secret again, unless an unknown key has caused a read a moment ago. Call it when a hash that names no key
    /// fits none: another instance may know more than this one.
    async fn look_again(&self);
}

impl dyn KeyedHash + '_ {
    /// Whether `tag` is the hash of `parts`, under the key that it names.
    pub async fn verifies(&self, tag: &KeyedTag, purpose: &str, parts: &[&str]) -> bool {
        self.learn(&tag.key).await;
        self.keyed_hash_under(&tag.key, purpose, parts).is_some_and(|expected| expected == *tag)
    }

    /// The hash under a named key; under the current key when the named one was dropped.
    pub fn keyed_hash_by(&self, key: &KeyName, purpose: &str, parts: &[&str]) -> KeyedTag {
        self.keyed_hash_under(key, purpose, parts).unwrap_or_else(|| self.keyed_hash(purpose, parts))
    }
}

/// The keys that sign calls to clients' servers.
pub trait WebhookKeys: Send + Sync {
    /// The keys of a client, the current one first. Every call is signed with all of them, so a server that holds any
    /// one accepts it.
    fn webhook_keys(&self, client: &Client, now: Timestamp) -> Vec<[u8; 32]>;
}

/// What a version of the secret is used for. Its name is that of the staging label in AWS Secrets Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum KeyStage {
    /// Signs and verifies.
    #[strum(serialize = "AWSCURRENT")]
    Current,
    /// Is published and verifies. It is about to sign.
    #[strum(serialize = "AWSPENDING")]
    Pending,
    /// Verifies.
    #[strum(serialize = "AWSPREVIOUS")]
    Previous,
}

words!(KeyStage);

/// One version of the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Its id.
    pub id: String,
    /// The secret text.
    pub text: String,
    /// When it was made, in whole seconds.
    pub made_at: Timestamp,
}

impl fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVersion({})", self.id)
    }
}

/// The versions that count. No version has two stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecret {
    /// Signs.
    pub current: SecretVersion,
    /// About to sign.
    pub pending: Option<SecretVersion>,
    /// Signed before the current one.
    pub previous: Option<SecretVersion>,
}

impl SigningSecret {
    /// The versions at the three stages. Secrets Manager lets one version have two: it leaves the label of the pending
    /// stage on a version that became current, and a promotion may come between two reads.
    #[must_use]
    pub fn of(
        current: SecretVersion,
        pending: Option<SecretVersion>,
        previous: Option<SecretVersion>,
    ) -> Self {
        let pending = pending.filter(|it| it.id != current.id);
        let previous = previous.filter(|it| it.id != current.id);
        let previous = previous.filter(|it| pending.as_ref().is_none_or(|pending| pending.id != it.id));
        Self { current, pending, previous }
    }

    /// The versions with their stages, the current one first.
    pub fn versions(&self) -> impl Iterator<Item = (KeyStage, &SecretVersion)> {
        let named = |stage| move |version| (stage, version);
        std::iter::once((KeyStage::Current, &self.current))
            .chain(self.pending.as_ref().map(named(KeyStage::Pending)))
            .chain(self.previous.as_ref().map(named(KeyStage::Previous)))
    }
}

/// Reads the secret. Every function may.
#[async_trait]
pub trait SigningSecrets: Send + Sync {
    /// The versions as they are now; `None` for a secret that no version was added to yet. A version that cannot be read
    /// is an error, and does not count as missing: an instance without it would refuse tokens that all others accept.
    async fn find(&self) -> Result<Option<SigningSecret>, StoreError>;

    /// The versions as they are now, of a secret that has some.
    async fn read(&self) -> Result<SigningSecret, StoreError> {
        self.find().await?.ok_or_else(|| StoreError::new("the signing secret has no current version"))
    }
}

/// Makes the texts of new versions of a secret.
pub trait KeyMaker: Send + Sync {
    /// A text that was never used before.
    ///
    /// # Errors
    /// The key could not be made. Trying again is safe.
    fn make(&self) -> Result<String, StoreError>;
}

/// Changes the secret. Only the operators' function may.
#[async_trait]
pub trait KeyStages: SigningSecrets {
    /// Adds a version at a stage, and takes the stage from the version that has it. What was current becomes previous.
    /// The same call again changes nothing.
    async fn add(&self, stage: KeyStage, id: &str, text: &str) -> Result<(), StoreError>;

    /// Makes a pending version the current one, and `current` the previous one.
    async fn promote(&self, pending: &str, current: &str) -> Result<(), StoreError>;

    /// Takes a stage from a version. A version that does not have it is a success.
    async fn remove(&self, stage: KeyStage, id: &str) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_as_it_is_written() {
        let tag = KeyedTag { key: KeyName::of_kid("aB3-_xyzTHEREST"), hash: [7; 32] };
        assert_eq!(KeyedTag::parse(&tag.to_string()), Some(tag.clone()));
        let text = tag.to_string();
        for bad in
            ["", ".", "x", &text[1..], &text[..text.len() - 1], &text.replace('.', ""), &format!("{text}.")]
        {
            assert_eq!(KeyedTag::parse(bad), None, "{bad}");
        }
    }
}
