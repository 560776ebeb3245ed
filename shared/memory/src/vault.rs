//! The signing secret in memory, with its stages as AWS Secrets Manager moves them.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use saoma_domain::{
    ports::{Clock, KeyStage, KeyStages, SecretVersion, SigningSecret, SigningSecrets, StoreError},
    time::Timestamp,
};

use crate::Fault;

/// A secret, which tests rotate.
pub struct Vault {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    versions: Vec<(SecretVersion, Vec<KeyStage>)>,
    reads: usize,
    fault: Option<(usize, Fault)>,
}

impl Held {
    fn id_at(&self, stage: KeyStage) -> Option<String> {
        let found = self.versions.iter().find(|(_, stages)| stages.contains(&stage));
        found.map(|(version, _)| version.id.clone())
    }

    fn at(&self, stage: KeyStage) -> Option<SecretVersion> {
        let id = self.id_at(stage)?;
        self.versions.iter().map(|(version, _)| version).find(|version| version.id == id).cloned()
    }

    /// A stage belongs to one version. What was current becomes previous.
    fn move_to(&mut self, stage: KeyStage, id: &str) {
        let before = self.id_at(stage);
        for (version, stages) in &mut self.versions {
            stages.retain(|it| *it != stage);
            if version.id == id {
                stages.push(stage);
            }
        }
        match before {
            Some(before) if stage == KeyStage::Current && before != id => {
                self.move_to(KeyStage::Previous, &before);
            }
            _ => {}
        }
    }
}

impl Vault {
    /// A secret with one version, which is current.
    #[must_use]
    pub fn holding(text: &str, clock: Arc<dyn Clock>) -> Self {
        let version = SecretVersion { id: "first".to_owned(), text: text.to_owned(), made_at: clock.now() };
        let held = Held { versions: vec![(version, vec![KeyStage::Current])], ..Held::default() };
        Self { clock, held: Mutex::new(held) }
    }

    /// A secret that no version was added to yet.
    #[must_use]
    pub fn empty(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Mutex::default() }
    }

    /// The versions as they are now.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn secret(&self) -> SigningSecret {
        let Some(secret) = self.found() else { unreachable!("a secret has a current version") };
        secret
    }

    /// The versions as they are now, if there are any.
    #[must_use]
    pub fn found(&self) -> Option<SigningSecret> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let current = held.at(KeyStage::Current)?;
        Some(SigningSecret::of(current, held.at(KeyStage::Pending), held.at(KeyStage::Previous)))
    }

    /// The stages of a version, as they are labelled.
    #[must_use]
    pub fn stages_of(&self, id: &str) -> Vec<KeyStage> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.versions.iter().find(|(version, _)| version.id == id);
        found.map(|(_, stages)| stages.clone()).unwrap_or_default()
    }

    /// How often it was read.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).reads
    }

    /// Makes the next call fail.
    pub fn inject(&self, fault: Fault) {
        self.inject_after(0, fault);
    }

    /// Lets `calls` more calls pass, and makes the next one fail.
    pub fn inject_after(&self, calls: usize, fault: Fault) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).fault = Some((calls, fault));
    }

    /// Publishes a version, which is about to sign.
    pub fn publish(&self, id: &str, text: &str) {
        self.put(id, text);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).move_to(KeyStage::Pending, id);
    }

    /// Makes the pending version the current one.
    pub fn promote_pending(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = held.id_at(KeyStage::Pending) {
            held.move_to(KeyStage::Current, &id);
        }
    }

    fn put(&self, id: &str, text: &str) {
        let made_at = Timestamp::from_secs(self.clock.now().secs());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.versions.iter().any(|(version, _)| version.id == id) {
            let version = SecretVersion { id: id.to_owned(), text: text.to_owned(), made_at };
            held.versions.push((version, Vec::new()));
        }
    }

    /// The fault of this call, if one was injected for it.
    fn fault(&self) -> Option<Fault> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.fault.take() {
            Some((0, fault)) => Some(fault),
            later => {
                held.fault = later.map(|(calls, fault)| (calls - 1, fault));
                None
            }
        }
    }

    /// Runs one call, with the fault that was injected for it.
    fn call<T>(&self, call: impl FnOnce(&Self) -> T) -> Result<T, StoreError> {
        let fault = self.fault();
        if fault == Some(Fault::Refused) {
            return Err(StoreError::new("made to fail"));
        }
        let answer = call(self);
        if fault == Some(Fault::AnswerLost) {
            Err(StoreError::new("made to lose its answer"))
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl SigningSecrets for Vault {
    async fn find(&self) -> Result<Option<SigningSecret>, StoreError> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).reads += 1;
        self.call(Self::found)
    }
}

#[async_trait]
impl KeyStages for Vault {
    async fn add(&self, stage: KeyStage, id: &str, text: &str) -> Result<(), StoreError> {
        self.call(|vault| {
            vault.put(id, text);
            vault.held.lock().unwrap_or_else(PoisonError::into_inner).move_to(stage, id);
        })
    }

    async fn promote(&self, pending: &str, _current: &str) -> Result<(), StoreError> {
        self.call(|vault| {
            vault.held.lock().unwrap_or_else(PoisonError::into_inner).move_to(KeyStage::Current, pending);
        })
    }

    async fn remove(&self, stage: KeyStage, id: &str) -> Result<(), StoreError> {
        self.call(|vault| {
            let mut held = vault.held.lock().unwrap_or_else(PoisonError::into_inner);
            for (version, stages) in &mut held.versions {
                if version.id == id {
                    stages.retain(|it| *it != stage);
                }
            }
        })
    }
}
