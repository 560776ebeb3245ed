//! The machines of clients, as operators enroll them.
//!
//! The row of a machine that was removed stays for a day, so that the command may come again.

use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::ClientId,
    opener::{EnrolledMachine, MachineName},
    ports::{Freshness, StoreError, WriteId},
    secrets::SecretHash,
};

use super::{
    Directory, Key, SK,
    devices::{FORGOTTEN, is_forgotten},
    item_of,
    writes::{WRITE_ID, is_of},
};
use crate::item::{Item, Reader, bytes, seconds, text};

fn partition(client: &ClientId) -> String {
    format!("ENROLLED#{client}")
}

pub(crate) fn machine_key(client: &ClientId, name: &MachineName) -> Key {
    Key(partition(client), name.as_str().into())
}

impl Directory {
    pub(super) async fn enrolled(
        &self,
        client: &ClientId,
        name: &MachineName,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        let item = self.get(&machine_key(client, name), Freshness::Strong).await?;
        item.map_or(Ok(None), |item| read(client, &item))
    }

    pub(super) async fn all_enrolled(&self, client: &ClientId) -> Result<Vec<EnrolledMachine>, StoreError> {
        let rows = self.partition(partition(client)).await?;
        rows.iter().filter_map(|row| read(client, row).transpose()).collect()
    }

    /// Replaces the row of a removed machine, and one of an earlier client of the same id.
    pub(super) async fn put_enrolled(
        &self,
        machine: &EnrolledMachine,
        write: &WriteId,
    ) -> Result<Option<EnrolledMachine>, StoreError> {
        const FREE: &str = "attribute_not_exists(pk) OR #forgotten = :yes OR registered_at <> :registered_at";
        let mut item = to_item(machine);
        item.insert(WRITE_ID.to_owned(), text(write.as_str()));
        let put = self.put_if(item, |put| {
            put.condition_expression(FREE)
                .expression_attribute_names("#forgotten", FORGOTTEN)
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .expression_attribute_values(":registered_at", seconds(machine.registered_at))
        });
        match put.await? {
            Ok(()) => Ok(Some(machine.clone())),
            Err(Some(stored)) if is_of(&stored, write) => read(&machine.client, &stored),
            Err(_) => Ok(None),
        }
    }
}

fn to_item(machine: &EnrolledMachine) -> Item {
    item_of(
        &machine_key(&machine.client, &machine.name),
        [
            ("secret", bytes(machine.secret.as_bytes())),
            ("registered_at", seconds(machine.registered_at)),
            ("enrolled_at", seconds(machine.enrolled_at)),
        ],
    )
}

/// Reads a machine of this client; `None` when it was removed.
pub(crate) fn read(client: &ClientId, item: &Item) -> Result<Option<EnrolledMachine>, StoreError> {
    if is_forgotten(item) {
        return Ok(None);
    }
    let item = Reader(item);
    Ok(Some(EnrolledMachine {
        client: client.clone(),
        name: item.parsed(SK, MachineName::parse)?,
        secret: SecretHash::from_bytes(item.hash("secret")?),
        registered_at: item.seconds("registered_at")?,
        enrolled_at: item.seconds("enrolled_at")?,
    }))
}
