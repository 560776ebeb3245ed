//! What every handler uses.

use std::sync::Arc;

use saoma_domain::{
    client::Client,
    identity::ClientId,
    ports::{Clients, Clock, Freshness, Randomness, Sms, StoreError},
    session::{Dialect, Session},
};
use saoma_tokens::Keyring;

use crate::{
    Settings,
    metrics::{CountedSms, Metrics},
    pace::Pace,
};

/// The error when neither `PUBLIC_URL` nor API Gateway names an address.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("PUBLIC_URL must be set: the call came through a custom domain or none")]
pub struct NoPublicUrl;

/// Configuration, keys, clock, randomness, and this instance's memory of which caller asked when.
#[derive(Clone)]
pub struct Service {
    /// What the deployment sets.
    pub settings: Arc<Settings>,
    /// The keys, which sign and verify, and follow the secret while it is rotated.
    pub keys: Arc<Keyring>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
    /// The memory of which caller asked when.
    pub pace: Arc<Pace>,
    /// What is counted for operators.
    pub metrics: Metrics,
}

impl Service {
    /// A service with a fresh memory.
    #[must_use]
    pub fn new(
        settings: Settings,
        keys: Keyring,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let pace = Arc::new(Pace::new(settings.creates_per_minute, settings.misses_per_minute));
        let metrics = Metrics::of(settings.stack.clone());
        Self { settings: Arc::new(settings), keys: Arc::new(keys), clock, random, pace, metrics }
    }

    /// This sender of text messages, whose messages are counted.
    pub fn count_messages(&self, sender: Arc<dyn Sms>) -> CountedSms {
        CountedSms { sender, metrics: self.metrics.clone(), clock: self.clock.clone() }
    }

    /// The service's public address, which is also the tokens' issuer: `PUBLIC_URL`, else the domain that API Gateway
    /// names. Never a header of the caller (`docs/security.md` W13).
    ///
    /// # Errors
    /// [`NoPublicUrl`], when `PUBLIC_URL` is not set and the call did not come through API Gateway's own domain.
    /// The API answers there too, so a custom domain alone would give the service two issuers.
    pub fn public_url(&self, gateway_domain: Option<&str>) -> Result<String, NoPublicUrl> {
        let named = self.settings.public_url.clone();
        let own = gateway_domain.filter(|domain| is_api_gateways_own(domain));
        named.or_else(|| own.map(|domain| format!("https://{domain}"))).ok_or(NoPublicUrl)
    }

    /// The client with this id, if it opens sessions through this contract.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn client_of(
        &self,
        clients: &dyn Clients,
        id: &ClientId,
        dialect: Dialect,
    ) -> Result<Option<Client>, StoreError> {
        let client = self.client(clients, id).await?;
        Ok(client.filter(|client| client.dialects.contains(&dialect)))
    }

    /// The client with this id, if it is switched on: registered, or built in where those are served. It may be as it
    /// was up to ten seconds ago.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn client(&self, clients: &dyn Clients, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.settings.built_ins.client(clients.client(id, Freshness::Eventual).await?))
    }

    /// The client that a session was opened for. `None` also when it was removed, and another one was registered under
    /// its id since (`docs/security.md` K4).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn client_behind(
        &self,
        clients: &dyn Clients,
        session: &Session,
    ) -> Result<Option<Client>, StoreError> {
        let client = self.client(clients, &session.client).await?;
        Ok(client.filter(|client| client.is_of(session.created_at)))
    }

    /// The client with this id, as last written.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn client_now(
        &self,
        clients: &dyn Clients,
        id: &ClientId,
    ) -> Result<Option<Client>, StoreError> {
        Ok(self.settings.built_ins.client(clients.client(id, Freshness::Strong).await?))
    }
}

/// Whether a domain is the one that every API has, `<id>.execute-api.<region>.amazonaws.com`.
fn is_api_gateways_own(domain: &str) -> bool {
    domain.split('.').nth(1) == Some("execute-api")
}
