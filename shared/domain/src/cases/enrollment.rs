//! A client's machines, as operators enroll them.

use super::clients::{ClientKeeper, KeeperError, Rejected};
use crate::{
    identity::ClientId,
    opener::{EnrolledMachine, MachineName},
    ports::{StoreError, WriteId},
    secrets::Secret,
    time::Timestamp,
};

impl ClientKeeper {
    /// Enrolls a machine of a client; its secret comes back, and is kept nowhere. Repeating the same `write` gives the
    /// same machine and secret.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], [`Rejected::MachineTaken`], [`Rejected::WriteSpent`], or the store's failure.
    pub async fn enroll(
        &self,
        id: &ClientId,
        name: &MachineName,
        write: &WriteId,
        now: Timestamp,
    ) -> Result<(EnrolledMachine, Secret), KeeperError> {
        let client = self.show(id).await?;
        let parts = [id.as_str(), name.as_str(), write.as_str()];
        let secret = name.secret(&self.keys.keyed_hash("machine secret", &parts).hash);
        let machine = EnrolledMachine {
            client: client.id,
            name: name.clone(),
            secret: secret.hash(),
            registered_at: client.registered_at,
            enrolled_at: now.whole_secs(),
        };
        let stored = self.registry.enroll(&machine, write).await?.ok_or(Rejected::MachineTaken)?;
        // An earlier call of this write stored another secret if the keys were rotated since.
        if !stored.secret.matches(&secret) {
            return Err(Rejected::WriteSpent.into());
        }
        Ok((stored, secret))
    }

    /// Takes a machine's secret away. Its sessions are refused from their next step on, if the client is strict.
    /// Repeating the call succeeds, for a day.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], [`Rejected::MachineUnknown`], or the store's failure.
    pub async fn unenroll(
        &self,
        id: &ClientId,
        name: &MachineName,
        now: Timestamp,
    ) -> Result<(), KeeperError> {
        self.show(id).await?;
        let removed = self.registry.unenroll(id, name, now).await?;
        if removed { Ok(()) } else { Err(Rejected::MachineUnknown.into()) }
    }

    /// The machines enrolled for a client, by name.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], or the store's failure.
    pub async fn machines(&self, id: &ClientId) -> Result<Vec<EnrolledMachine>, KeeperError> {
        let client = self.show(id).await?;
        let machines = self.registry.machines(id).await?;
        Ok(machines.into_iter().filter(|machine| machine.is_of(&client)).collect())
    }

    /// Forgets the machines of a client that was removed. They are good for nothing without it, so this only keeps the
    /// store clean.
    pub(super) async fn forget_machines(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        for machine in self.registry.machines(id).await? {
            self.registry.unenroll(id, &machine.name, now).await?;
        }
        Ok(())
    }
}
