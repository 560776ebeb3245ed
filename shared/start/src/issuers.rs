//! What a function needs where tokens of other issuers are taken.

use std::sync::Arc;

use saoma_domain::cases::ForeignPeople;
use saoma_http::auth::Phones;
use saoma_notify::HttpKeySets;
use saoma_tokens::{IssuedTokens, KeySetCache};

use crate::{Deployment, StartError};

impl Deployment {
    /// The phones that are signed in, here or at an issuer that a client has registered.
    ///
    /// # Errors
    /// `SESSIONS_TABLE` is not set, or `WEBHOOK_LOOPBACK` is neither true nor false.
    pub fn phones_of_any_issuer(&self) -> Result<Phones, StartError> {
        let service = &self.service;
        Ok(self.phones().admitting(ForeignPeople {
            sessions: self.sessions()?,
            clients: self.clients.clone(),
            built_ins: service.settings.built_ins.clone(),
            tokens: Arc::new(IssuedTokens(self.key_sets()?)),
            accounts: self.directory.clone(),
            sign_ins: self.directory.clone(),
            history: self.history(),
            keys: service.keys.clone(),
            random: service.random.clone(),
            lives: service.settings.sign_ins,
        }))
    }

    /// The key sets that others publish; on our own machine only where `WEBHOOK_LOOPBACK` says so.
    ///
    /// # Errors
    /// `WEBHOOK_LOOPBACK` is neither true nor false.
    pub fn key_sets(&self) -> Result<Arc<KeySetCache>, StartError> {
        let published = HttpKeySets::new(self.environment.flag("WEBHOOK_LOOPBACK")?);
        let (clock, random) = (self.service.clock.clone(), self.service.random.clone());
        Ok(Arc::new(KeySetCache::new(Arc::new(published), self.directory.clone(), clock, random)))
    }
}
