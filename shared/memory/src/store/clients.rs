//! The registered clients, and what operators change of them.

use async_trait::async_trait;
use saoma_domain::{
    client::{Client, Lookup, Origin},
    identity::ClientId,
    opener::{EnrolledMachine, MachineName},
    ports::{Clients, Freshness, Kept, Registry, StoreError, WriteId},
    time::Timestamp,
};

use super::{Data, Memory, let_others_in};

pub(super) fn lookup(data: &Data, id: &ClientId) -> Lookup {
    match data.clients.get(id.as_str()) {
        Some((client, _)) => Lookup::of(id, Some(client.clone())),
        None => Lookup::unregistered(id, data.removed_clients.get(id.as_str()).map(|(at, _)| *at)),
    }
}

pub(super) fn enrolled(data: &Data, client: &ClientId, name: &MachineName) -> Option<EnrolledMachine> {
    let stored = data.enrolled.get(&machine_key(client, name))?;
    stored.as_ref().map(|(machine, _)| machine.clone())
}

fn was_removed_by(data: &Data, id: &str, write: &WriteId) -> bool {
    data.removed_clients.get(id).is_some_and(|(_, by)| by == write)
}

fn machine_key(client: &ClientId, name: &MachineName) -> (String, String) {
    (client.as_str().to_owned(), name.as_str().to_owned())
}

#[async_trait]
impl Clients for Memory {
    async fn client(&self, id: &ClientId, _: Freshness) -> Result<Lookup, StoreError> {
        self.call(|data| lookup(data, id))
    }

    async fn machine(
        &self,
        client: &ClientId,
        name: &MachineName,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        self.call(|data| enrolled(data, client, name))
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        self.call(|data| data.clients.values().any(|(client, _)| client.origins.contains(origin)))
    }
}

#[async_trait]
impl Registry for Memory {
    async fn registered(&self, id: &ClientId) -> Result<Option<(Client, WriteId)>, StoreError> {
        self.call(|data| data.clients.get(id.as_str()).cloned())
    }

    async fn all(&self) -> Result<Vec<ClientId>, StoreError> {
        self.call(|data| data.clients.keys().filter_map(|id| ClientId::parse(id)).collect())
    }

    async fn keep(
        &self,
        before: Option<&Client>,
        next: &Client,
        write: &WriteId,
    ) -> Result<Kept, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stored = data.clients.get(next.id.as_str());
            if stored.is_some_and(|(_, by)| by == write) {
                return Kept::Stored;
            }
            if stored.map(|(client, _)| client.version) != before.map(|client| client.version) {
                return Kept::Behind;
            }
            data.clients.insert(next.id.as_str().to_owned(), (next.clone(), write.clone()));
            Kept::Stored
        })
    }

    async fn remove(&self, client: &Client, write: &WriteId, now: Timestamp) -> Result<Kept, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let id = client.id.as_str();
            match data.clients.get(id) {
                Some((stored, _)) if stored.version == client.version => {
                    data.clients.remove(id);
                    data.removed_clients.insert(id.to_owned(), (now.whole_secs(), write.clone()));
                    Kept::Stored
                }
                None if was_removed_by(data, id, write) => Kept::Stored,
                _ => Kept::Behind,
            }
        })
    }

    async fn machines(&self, client: &ClientId) -> Result<Vec<EnrolledMachine>, StoreError> {
        self.call(|data| {
            let stored = data.enrolled.values().flatten().map(|(machine, _)| machine);
            stored.filter(|machine| machine.client == *client).cloned().collect()
        })
    }

    async fn enroll(
        &self,
        machine: &EnrolledMachine,
        write: &WriteId,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let key = machine_key(&machine.client, &machine.name);
            match data.enrolled.get(&key) {
                Some(Some((stored, by))) if stored.registered_at == machine.registered_at => {
                    (by == write).then(|| stored.clone())
                }
                _ => {
                    data.enrolled.insert(key, Some((machine.clone(), write.clone())));
                    Some(machine.clone())
                }
            }
        })
    }

    async fn unenroll(
        &self,
        client: &ClientId,
        name: &MachineName,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stored = data.enrolled.get_mut(&machine_key(client, name));
            stored.map(|machine| *machine = None).is_some()
        })
    }

    async fn was_removed(&self, id: &ClientId, write: &WriteId) -> Result<bool, StoreError> {
        self.call(|data| !data.clients.contains_key(id.as_str()) && was_removed_by(data, id.as_str(), write))
    }
}
