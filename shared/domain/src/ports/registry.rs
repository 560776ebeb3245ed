//! The store of clients, as operators change it.

use async_trait::async_trait;

use super::{StoreError, WriteId};
use crate::{
    client::Client,
    identity::ClientId,
    opener::{EnrolledMachine, MachineName},
    time::Timestamp,
};

/// The result of storing a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is stored.
    Stored,
    /// The stored client is not the one that the change was made to. Nothing was written.
    Behind,
}

/// The registered clients, as operators change them.
#[async_trait]
pub trait Registry: Send + Sync {
    /// The client with this id, as last written, and the id of the write that stored it.
    async fn registered(&self, id: &ClientId) -> Result<Option<(Client, WriteId)>, StoreError>;

    /// The ids of all registered clients, in order.
    async fn all(&self) -> Result<Vec<ClientId>, StoreError>;

    /// Stores `next`, with the rows of its origins, as one atomic step. `before` is the stored client, or `None`
    /// for a new one. Repeating a `write` that has stored it succeeds.
    async fn keep(&self, before: Option<&Client>, next: &Client, write: &WriteId)
    -> Result<Kept, StoreError>;

    /// Removes `client` at `now`, with the rows of its origins that no other client has, as one atomic step. Repeating a
    /// `write` that has removed it succeeds. For a day, [`Clients::client`] says when it was removed.
    ///
    /// [`Clients::client`]: super::Clients::client
    async fn remove(&self, client: &Client, write: &WriteId, now: Timestamp) -> Result<Kept, StoreError>;

    /// The machines enrolled for this client, also those of an earlier client of the same id, by name.
    async fn machines(&self, client: &ClientId) -> Result<Vec<EnrolledMachine>, StoreError>;

    /// Stores a machine unless one of its name is enrolled for the same registration of its client. The machine that
    /// this `write` has stored, perhaps in an earlier call whose answer was lost; `None` when another write has one.
    async fn enroll(
        &self,
        machine: &EnrolledMachine,
        write: &WriteId,
    ) -> Result<Option<EnrolledMachine>, StoreError>;

    /// Takes a machine's secret away. `false` when there was no such machine. Repeating the call succeeds, for a day.
    async fn unenroll(
        &self,
        client: &ClientId,
        name: &MachineName,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Whether the last client of this id was removed by this `write`.
    async fn was_removed(&self, id: &ClientId, write: &WriteId) -> Result<bool, StoreError>;
}
