//! Functions whose screens have no sockets.

use async_trait::async_trait;

use crate::{
    identity::AccountId,
    ports::{StoreError, Tell},
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// Tells nothing: sockets are switched off, or no session of this function's contracts can be watched.
pub struct NoSockets;

#[async_trait]
impl Tell for NoSockets {
    async fn tell(&self, _: &WatchRef, _: &[Watcher], _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tell_person(&self, _: AccountId, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
