//! Registered clients.

use async_trait::async_trait;
use saoma_domain::{
    client::{Client, Origin, ReturnUrl, WebhookUrl},
    identity::ClientId,
    ports::{Clients, Freshness, StoreError},
    secrets::SecretHash,
    session::{Dialect, MatchPolicy},
    text::CleanText,
};

use super::{Directory, Key};
use crate::item::{Item, Reader, inconsistent};

#[async_trait]
impl Clients for Directory {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        let key = Key(format!("CLIENT#{id}"), "CLIENT".into());
        let item = self.get(&key, Freshness::Eventual).await?;
        item.map(|item| read(id, &item)).transpose()
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        let key = Key(format!("ORIGIN#{}", origin.as_str()), "ORIGIN".into());
        Ok(self.get(&key, Freshness::Eventual).await?.is_some())
    }
}

fn read(id: &ClientId, item: &Item) -> Result<Client, StoreError> {
    let item = Reader(item);
    let origins = item.texts("origins")?.into_iter().map(Origin::parse).collect::<Option<Vec<_>>>();
    let dialects = item.texts("dialects")?.into_iter().map(Dialect::parse).collect::<Option<Vec<_>>>();
    let apps = item.texts("apps")?.into_iter().map(ClientId::parse).collect::<Option<Vec<_>>>();
    Ok(Client {
        id: id.clone(),
        name: item.parsed("name", CleanText::non_empty)?,
        dialects: dialects.ok_or_else(|| inconsistent("dialects"))?,
        match_policy: item.parsed("match_policy", MatchPolicy::parse)?,
        return_url: item.optional("return_url", ReturnUrl::parse)?,
        origins: origins.ok_or_else(|| inconsistent("origins"))?,
        secret: item.optional_hash("secret")?.map(SecretHash::from_bytes),
        webhook: item.optional("webhook", WebhookUrl::parse)?,
        apps: apps.ok_or_else(|| inconsistent("apps"))?,
    })
}
