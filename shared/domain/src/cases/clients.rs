//! Clients, as operators keep them: register, change, switch off, remove, and give new secrets.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;

use crate::{
    client::{
        Client, Previous, Registration,
        settings::{ClientSettings, Unfit},
    },
    identity::ClientId,
    ports::{Kept, KeyedHash, Randomness, Registry, StoreError, WriteId},
    secrets::Secret,
    text::CleanText,
    time::Timestamp,
};

/// The clients over their ports.
#[derive(Clone)]
pub struct ClientKeeper {
    /// The stored clients.
    pub registry: Arc<dyn Registry>,
    /// The key that no table holds: a client's secret is derived from it.
    pub keys: Arc<dyn KeyedHash>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
}

/// Why a client was not stored.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Rejected {
    /// There is no such client.
    #[error("there is no such client")]
    Unknown,
    /// There is a client of this id already.
    #[error("there is a client of this id already")]
    Taken,
    /// The write was another command's, or the keys have changed since it was made, so its secret is known to no one.
    #[error("this write was spent, or the keys have changed since; send the command with a new one")]
    WriteSpent,
    /// The client has a machine of this name already.
    #[error("the client has a machine of this name already; unenroll it first")]
    MachineTaken,
    /// The client has no machine of this name.
    #[error("the client has no machine of this name")]
    MachineUnknown,
    /// A setting is refused.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Why an operator's step was not taken.
#[derive(Clone, Debug, Error)]
pub enum KeeperError {
    /// The rules refuse it.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The store failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unfit> for KeeperError {
    fn from(unfit: Unfit) -> Self {
        Self::Rejected(unfit.into())
    }
}

/// A caller loses a race only to another operator.
const MOST_RACES: usize = 5;

impl ClientKeeper {
    /// Registers a client; its server's secret comes back, and is kept nowhere. Repeating the same `write` gives the
    /// same client and secret.
    ///
    /// # Errors
    /// [`Rejected::Taken`], [`Rejected::Unfit`], or the store's failure.
    pub async fn create(
        &self,
        id: &ClientId,
        settings: &ClientSettings,
        write: &WriteId,
        now: Timestamp,
    ) -> Result<(Client, Secret), KeeperError> {
        if *id == ClientId::phone() {
            let expected = format!("another than {id}, which is the app id of our own page");
            return Err(Unfit { field: "id", expected }.into());
        }
        let secret = self.secret_of(id, write);
        let name = CleanText::new(settings.name.as_deref().unwrap_or_default());
        let plain = Client {
            secret: Some(secret.hash()),
            registration: Registration::random(&*self.random),
            registered_at: now.whole_secs(),
            ..Client::plain(id.clone(), name, vec![settings.default_dialect()])
        };
        let named =
            ClientSettings { name: Some(settings.name.clone().unwrap_or_default()), ..settings.clone() };
        let client = named.apply(plain)?;
        for _ in 0..MOST_RACES {
            match self.registry.registered(id).await? {
                Some((stored, by)) if by == *write && has(&stored, &secret) => return Ok((stored, secret)),
                Some(_) => return Err(Rejected::Taken.into()),
                None => {}
            }
            if self.registry.keep(None, &client, write).await? == Kept::Stored {
                return Ok((client, secret));
            }
        }
        Err(lost())
    }

    /// The client with this id, as last written.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], or the store's failure.
    pub async fn show(&self, id: &ClientId) -> Result<Client, KeeperError> {
        let found = self.registry.registered(id).await?;
        Ok(found.ok_or(Rejected::Unknown)?.0)
    }

    /// Changes a client's settings.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], [`Rejected::Unfit`], or the store's failure.
    pub async fn change(
        &self,
        id: &ClientId,
        settings: &ClientSettings,
        write: &WriteId,
    ) -> Result<Client, KeeperError> {
        self.rewrite(id, write, |client| Ok(settings.apply(client)?)).await
    }

    /// Switches a client on or off. Its sessions are refused from their next step on while it is off.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], or the store's failure.
    pub async fn switch(&self, id: &ClientId, enabled: bool, write: &WriteId) -> Result<Client, KeeperError> {
        self.rewrite(id, write, |client| Ok(Client { enabled, ..client })).await
    }

    /// Gives a client a new secret and a new key for its webhooks. The old ones stay good for `keep`, so that its
    /// server can change to the new ones; with a `keep` of zero they end at once. Repeating the same `write` gives
    /// the same secret.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], [`Rejected::WriteSpent`], or the store's failure.
    pub async fn rotate(
        &self,
        id: &ClientId,
        keep: Duration,
        write: &WriteId,
        now: Timestamp,
    ) -> Result<(Client, Secret), KeeperError> {
        let secret = self.secret_of(id, write);
        let fresh = Registration::random(&*self.random);
        let until = now.whole_secs().plus(keep);
        let rotated = self
            .rewrite(id, write, |client| {
                let previous = Previous { secret: client.secret, registration: client.registration, until };
                let previous = (!keep.is_zero()).then_some(previous);
                Ok(Client { secret: Some(secret.hash()), registration: fresh.clone(), previous, ..client })
            })
            .await?;
        if !has(&rotated, &secret) {
            return Err(Rejected::WriteSpent.into());
        }
        Ok((rotated, secret))
    }

    /// Removes a client and its machines. Its sessions are refused from their next step on.
    ///
    /// # Errors
    /// [`Rejected::Unknown`], or the store's failure.
    pub async fn remove(&self, id: &ClientId, write: &WriteId, now: Timestamp) -> Result<(), KeeperError> {
        self.remove_alone(id, write, now).await?;
        Ok(self.forget_machines(id, now).await?)
    }

    async fn remove_alone(&self, id: &ClientId, write: &WriteId, now: Timestamp) -> Result<(), KeeperError> {
        for _ in 0..MOST_RACES {
            let Some((client, _)) = self.registry.registered(id).await? else {
                let ours = self.registry.was_removed(id, write).await?;
                return if ours { Ok(()) } else { Err(Rejected::Unknown.into()) };
            };
            if self.registry.remove(&client, write, now).await? == Kept::Stored {
                return Ok(());
            }
        }
        Err(lost())
    }

    /// Stores what `change` makes of the client. When this `write` has stored it already, the stored client is the
    /// answer.
    async fn rewrite(
        &self,
        id: &ClientId,
        write: &WriteId,
        change: impl Fn(Client) -> Result<Client, KeeperError> + Send + Sync,
    ) -> Result<Client, KeeperError> {
        for _ in 0..MOST_RACES {
            let (stored, by) = self.registry.registered(id).await?.ok_or(Rejected::Unknown)?;
            if by == *write {
                return Ok(stored);
            }
            let next = Client { version: stored.version + 1, ..change(stored.clone())? };
            if self.registry.keep(Some(&stored), &next, write).await? == Kept::Stored {
                return Ok(next);
            }
        }
        Err(lost())
    }

    /// The secret that a write hands out: derived, so that its repetition hands out the same.
    fn secret_of(&self, id: &ClientId, write: &WriteId) -> Secret {
        let derived = self.keys.keyed_hash("client secret", &[id.as_str(), write.as_str()]);
        Secret::issued(URL_SAFE_NO_PAD.encode(derived.hash))
    }
}

fn has(client: &Client, secret: &Secret) -> bool {
    client.secret.is_some_and(|hash| hash.matches(secret))
}

fn lost() -> KeeperError {
    StoreError::new("lost more races than there are operators").into()
}
