//! The registered clients.

use async_trait::async_trait;
use saoma_domain::{
    client::{Client, Origin},
    identity::ClientId,
    ports::{Clients, StoreError},
};

use super::Memory;

#[async_trait]
impl Clients for Memory {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        self.call(|data| data.clients.get(id.as_str()).cloned())
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        self.call(|data| data.clients.values().any(|client| client.origins.contains(origin)))
    }
}
