//! The servers that may hang.

use async_trait::async_trait;
use saoma_domain::{
    identity::ClientId,
    ports::{Servers, StoreError, Turn, WriteId},
    time::Timestamp,
};

use super::{Memory, let_others_in};

/// What is stored of a server.
pub(super) struct Server {
    hangs: u32,
    until: Timestamp,
    /// Whose turn it is; `None` while it rests.
    write: Option<WriteId>,
}

#[async_trait]
impl Servers for Memory {
    async fn turn(
        &self,
        client: &ClientId,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<Turn, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stored = data.servers.get(client);
            let taken = stored.filter(|it| now < it.until && it.write.as_ref() != Some(write));
            if let Some(taken) = taken {
                return Turn::NotBefore(taken.until);
            }
            let hangs = stored.map_or(0, |it| it.hangs);
            data.servers.insert(client.clone(), Server { hangs, until, write: Some(write.clone()) });
            Turn::Ours { hangs }
        })
    }

    async fn answered(&self, client: &ClientId, write: &WriteId) -> Result<(), StoreError> {
        self.call(|data| {
            if data.servers.get(client).is_some_and(|it| it.write.as_ref() == Some(write)) {
                data.servers.remove(client);
            }
        })
    }

    async fn rest(&self, client: &ClientId, hangs: u32, until: Timestamp) -> Result<(), StoreError> {
        self.call(|data| {
            data.servers.insert(client.clone(), Server { hangs, until, write: None });
        })
    }
}
