//! Calls of hosted clients that wait for answers.

use async_trait::async_trait;
use saoma_domain::{
    identity::ClientId,
    pairing::Trace,
    ports::{Freshness, StoreError, Traces},
    secrets::SessionCode,
    session::TraceId,
};

use super::{Directory, EXPIRES_AT, Key, item_of};
use crate::item::{Item, Reader, seconds, text};

fn key_of(id: &TraceId) -> Key {
    Key(format!("TRACE#{id}"), "TRACE".into())
}

#[async_trait]
impl Traces for Directory {
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError> {
        let mut item = item_of(
            &key_of(&trace.id),
            [
                ("client", text(trace.client.as_str())),
                ("qr", text(trace.qr.as_str())),
                ("created_at", seconds(trace.created_at)),
                (EXPIRES_AT, seconds(trace.expires_at)),
            ],
        );
        if let Some(prompt) = &trace.prompt {
            item.insert("prompt".to_owned(), text(prompt.as_str()));
        }
        self.put(item).await
    }

    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError> {
        // A trace never changes, so an old copy is as good as a new one. Only a miss may be too early.
        let item = match self.get(&key_of(id), Freshness::Eventual).await? {
            None => self.get(&key_of(id), Freshness::Strong).await?,
            found => found,
        };
        item.map(|item| read(id, &item)).transpose()
    }
}

fn read(id: &TraceId, item: &Item) -> Result<Trace, StoreError> {
    let item = Reader(item);
    Ok(Trace {
        id: id.clone(),
        client: item.parsed("client", ClientId::parse)?,
        prompt: item.optional("prompt", SessionCode::parse)?,
        qr: item.parsed("qr", SessionCode::parse)?,
        created_at: item.seconds("created_at")?,
        expires_at: item.seconds(EXPIRES_AT)?,
    })
}
