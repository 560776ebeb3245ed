//! The versions of a signing secret, as operators change them: make the first key, rotate the keys, and drop a key that
//! leaked. A deployment has one secret that the ES256 keys are derived from, and may have one that holds RSA keys.
//!
//! Each call takes one step, on the secret as it stands. So a command that stopped goes on where it was, and two
//! operators who do the same do it once.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;

use crate::{
    ports::{KeyMaker, KeyStage, KeyStages, Randomness, SigningSecret, StoreError},
    secrets::{random_hex, sha256_hex},
    time::Timestamp,
};

/// How long after its time a published version may still be made current. One that waited for longer is published anew:
/// how long sign-ins may rest on a version is counted from when it was made.
const LATEST: Duration = Duration::from_hours(1);

/// The secret over its port, and the times that a rotation keeps.
#[derive(Clone)]
pub struct KeyKeeper {
    /// The versions.
    pub stages: Arc<dyn KeyStages>,
    /// Makes the texts of new versions.
    pub maker: Arc<dyn KeyMaker>,
    /// Unpredictable bytes, for the ids of versions.
    pub random: Arc<dyn Randomness>,
    /// How long a version is published before it signs.
    pub published_before_use: Duration,
    /// How long something may rest on the previous version: a sign-in without a refresh, or the longest token.
    pub rests_for: Duration,
}

/// Makes the texts that ES256 keys and keyed hashes are derived from: 64 characters that hold 384 random bits.
#[derive(Clone)]
pub struct SeedMaker(pub Arc<dyn Randomness>);

impl KeyMaker for SeedMaker {
    fn make(&self) -> Result<String, StoreError> {
        let mut bytes = [0_u8; 48];
        self.0.fill(&mut bytes);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// How far a rotation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The version is published, and may sign from this moment on. The next call after it goes on.
    Published {
        /// The version.
        version: String,
        /// From when it may sign.
        signs_from: Timestamp,
    },
    /// The version signs now.
    Current {
        /// The version.
        version: String,
    },
}

/// What dropping a version did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It signed. A new version, which none has seen before, signs now.
    Current,
    /// It was about to sign.
    Pending,
    /// It had signed before the current one.
    Previous,
    /// It has no stage, so nothing rests on it. The same call may have dropped it already.
    Nothing,
}

/// Why a step was not taken.
#[derive(Clone, Debug, Error)]
pub enum KeysError {
    /// The current version is so new that sign-ins or tokens may still rest on the previous one, which a rotation would end.
    #[error(
        "the last rotation was so short ago that another one would end what rests on the previous version"
    )]
    TooSoon {
        /// From this moment on, nothing rests on it.
        until: Timestamp,
    },
    /// The rotation that is going on is another one.
    #[error("another version is about to sign")]
    AnotherIsPending,
    /// The secret has no version yet.
    #[error("there is no key yet")]
    NoKey,
    /// Secrets Manager failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyKeeper {
    /// The versions as they stand; `None` before the first was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn show(&self) -> Result<Option<SigningSecret>, StoreError> {
        self.stages.find().await
    }

    /// Makes the first key of a secret that has none, and answers the version that signs. The same call again changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn make_first(&self) -> Result<String, StoreError> {
        if let Some(secret) = self.stages.find().await? {
            return Ok(secret.current.id);
        }
        let version = random_hex(&*self.random);
        self.stages.add(KeyStage::Current, &version, &self.maker.make()?).await?;
        Ok(version)
    }

    /// Takes the next step of a rotation: publishes a new version, or promotes the published one once `wait` is over
    /// ([`KeyKeeper::published_before_use`] without one).
    ///
    /// A version that waited for more than an hour longer is published anew, because how long sign-ins may rest on it is
    /// counted from when it was made.
    ///
    /// `version` is the rotation that goes on, so a call that is repeated after the last step begins no other one.
    /// `force` rotates although sign-ins rest on the previous version; it ends them.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn rotate(
        &self,
        version: Option<&str>,
        force: bool,
        wait: Option<Duration>,
        now: Timestamp,
    ) -> Result<Rotation, KeysError> {
        let secret = self.stages.find().await?.ok_or(KeysError::NoKey)?;
        if version == Some(secret.current.id.as_str()) {
            return Ok(Rotation::Current { version: secret.current.id });
        }
        let wait = wait.unwrap_or(self.published_before_use);
        let Some(pending) = secret.pending else {
            return self.publish(&secret, force, wait, now).await;
        };
        if version.is_some_and(|version| version != pending.id && anew(version) != pending.id) {
            return Err(KeysError::AnotherIsPending);
        }
        let signs_from = pending.made_at.plus(wait);
        if now < signs_from {
            return Ok(Rotation::Published { version: pending.id, signs_from });
        }
        if now > signs_from.plus(LATEST) {
            return self.add_pending(anew(&pending.id), wait, now).await;
        }
        self.stages.promote(&pending.id, &secret.current.id).await?;
        // Secrets Manager leaves the label where it was. It does no harm there, so a failure is none of the rotation.
        let _ = self.stages.remove(KeyStage::Pending, &pending.id).await;
        Ok(Rotation::Current { version: pending.id })
    }

    async fn publish(
        &self,
        secret: &SigningSecret,
        force: bool,
        wait: Duration,
        now: Timestamp,
    ) -> Result<Rotation, KeysError> {
        // The current version signs since `LATEST` after its time at the latest; until then the one before it signed.
        let until = secret.current.made_at.plus(self.published_before_use + LATEST).plus(self.rests_for);
        if secret.previous.is_some() && now < until && !force {
            return Err(KeysError::TooSoon { until });
        }
        self.add_pending(random_hex(&*self.random), wait, now).await
    }

    /// Publishes a version. The one that was pending, if any, has no stage any more.
    async fn add_pending(
        &self,
        version: String,
        wait: Duration,
        now: Timestamp,
    ) -> Result<Rotation, KeysError> {
        self.stages.add(KeyStage::Pending, &version, &self.maker.make()?).await?;
        Ok(Rotation::Published { version, signs_from: now.plus(wait) })
    }

    /// Takes every stage from a version, at once. If it signs, a new version signs instead, and every older one goes
    /// with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_version(&self, version: &str) -> Result<Dropped, StoreError> {
        let Some(secret) = self.stages.find().await? else { return Ok(Dropped::Nothing) };
        let stage = secret.versions().find(|(_, held)| held.id == version).map(|(stage, _)| stage);
        let dropped = match stage {
            None => return Ok(Dropped::Nothing),
            Some(KeyStage::Pending) => Dropped::Pending,
            Some(KeyStage::Previous) => Dropped::Previous,
            Some(KeyStage::Current) => {
                let fresh = random_hex(&*self.random);
                self.stages.add(KeyStage::Current, &fresh, &self.maker.make()?).await?;
                // It is the previous one now. Stopped here, the same command goes on when it is repeated.
                Dropped::Current
            }
        };
        // It may have both labels: see `SigningSecret::of`.
        self.stages.remove(KeyStage::Previous, version).await?;
        self.stages.remove(KeyStage::Pending, version).await?;
        Ok(dropped)
    }
}

/// The id of the version that takes the place of one that waited too long. It follows from the id of that one, so a call
/// that is repeated finds the rotation that it began.
fn anew(version: &str) -> String {
    sha256_hex(&["published anew", version]).chars().take(32).collect()
}
