//! The clients as they were a moment ago, so that the steps of a login do not read them again and again.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use lru::LruCache;
use saoma_domain::{
    client::{BuiltIns, Lookup, Origin},
    identity::ClientId,
    opener::{EnrolledMachine, MachineName},
    ports::{Clients, Clock, Freshness, StoreError},
    time::Timestamp,
};

/// How old a client may be: an operator's change reaches every step within this time, and a redemption at once.
pub const CLIENT_AGE: Duration = Duration::from_secs(10);
/// How many clients an instance remembers.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(256) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// The registered clients, remembered for [`CLIENT_AGE`] on this instance. A strong read passes through.
pub struct RecentClients {
    stored: Arc<dyn Clients>,
    clock: Arc<dyn Clock>,
    recent: Mutex<LruCache<ClientId, (Timestamp, Lookup)>>,
}

impl RecentClients {
    /// The clients of this store, none of them remembered yet.
    pub fn new(stored: Arc<dyn Clients>, clock: Arc<dyn Clock>) -> Self {
        Self { stored, clock, recent: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    fn remembered(&self, id: &ClientId, now: Timestamp) -> Option<Lookup> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, found) = recent.get(id)?;
        // A clock that was set back makes nothing fresh.
        let fresh = *read_at <= now && now.since(*read_at) < CLIENT_AGE;
        fresh.then(|| found.clone())
    }

    fn remember(&self, id: &ClientId, found: &Lookup, read_at: Timestamp) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.put(id.clone(), (read_at, found.clone()));
    }
}

#[async_trait]
impl Clients for RecentClients {
    /// A miss is read once more, as last written, before a client counts as unknown: a copy may not have it yet. Only
    /// clients and the ids of built-in ones are remembered, so that callers who try ids push out no client.
    async fn client(&self, id: &ClientId, freshness: Freshness) -> Result<Lookup, StoreError> {
        if freshness == Freshness::Strong {
            return self.stored.client(id, freshness).await;
        }
        let now = self.clock.now();
        if let Some(found) = self.remembered(id, now) {
            return Ok(found);
        }
        let mut found = self.stored.client(id, Freshness::Eventual).await?;
        if matches!(found, Lookup::Unregistered(_)) && !BuiltIns::has(id) {
            found = self.stored.client(id, Freshness::Strong).await?;
        }
        if matches!(found, Lookup::Registered(_)) || BuiltIns::has(id) {
            self.remember(id, &found, now);
        }
        Ok(found)
    }

    /// A machine is never remembered: it is asked for only where a client is strict, and then as last written.
    async fn machine(
        &self,
        client: &ClientId,
        name: &MachineName,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        self.stored.machine(client, name).await
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        self.stored.knows_origin(origin).await
    }
}
