//! Machines bound to members, and the devices people come back to.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    pairing::Pairing,
    ports::{Devices, Freshness, StoreError},
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::{Directory, Key, item_of, partition_of, writes::if_held};
use crate::item::{Item, Reader, seconds, text};

fn pair_key(account: AccountId, client: &ClientId, policy: LoginPolicy) -> Key {
    Key(partition_of(account), format!("PAIR#{client}#{}", policy.number()))
}

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
        let key = Key(partition_of(account), format!("DEVICE#{mac}"));
        if self.get(&key, Freshness::Eventual).await?.is_some() {
            return Ok(());
        }
        let mut item = item_of(&key, [("bound_at", seconds(now))]);
        if let Some(name) = name {
            item.insert("name".to_owned(), text(name.as_str()));
        }
        self.put(item).await
    }

    async fn pairing(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<Option<Pairing>, StoreError> {
        let item = self.get(&pair_key(account, client, policy), Freshness::Strong).await?;
        item.as_ref().map(read_pairing).transpose()
    }

    async fn pair(
        &self,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = pair_key(by.account, client, policy);
        self.put(item_of(
            &key,
            [
                ("device", text(device.as_str())),
                ("sign_in", text(by.sign_in.as_str())),
                ("may_prompt", AttributeValue::Bool(true)),
                ("paired_at", seconds(now)),
            ],
        ))
        .await
    }

    async fn unpair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
    ) -> Result<(), StoreError> {
        let update = self.update(pair_key(account, client, policy));
        if_held(
            update
                .update_expression("SET may_prompt = :no")
                .condition_expression("device = :device")
                .expression_attribute_values(":no", AttributeValue::Bool(false))
                .expression_attribute_values(":device", text(device.as_str())),
        )
        .await?;
        Ok(())
    }
}

fn read_pairing(item: &Item) -> Result<Pairing, StoreError> {
    let item = Reader(item);
    Ok(Pairing {
        device: item.parsed("device", DeviceId::parse)?,
        sign_in: item.parsed("sign_in", SignInId::parse)?,
        may_prompt: item.flag("may_prompt")?,
    })
}
