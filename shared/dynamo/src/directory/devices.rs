//! Machines bound to members.

use async_trait::async_trait;
use saoma_domain::{
    identity::AccountId,
    ports::{Devices, Freshness, StoreError},
    text::CleanText,
    time::Timestamp,
};

use super::{Directory, Key, item_of};
use crate::{
    failed,
    item::{seconds, text},
};

#[async_trait]
impl Devices for Directory {
    /// Reads before it writes: a machine is bound once and used often, and half a read unit is a
    /// tenth of a write unit.
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = Key(format!("ACCOUNT#{account}"), format!("DEVICE#{mac}"));
        if self.get(&key, Freshness::Eventual).await?.is_some() {
            return Ok(());
        }
        let mut item = item_of(&key, [("bound_at", seconds(now))]);
        if let Some(name) = name {
            item.insert("name".to_owned(), text(name.as_str()));
        }
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(failed("PutItem on directory"))?;
        Ok(())
    }
}
