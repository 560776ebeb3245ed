//! Machines bound to members, and the devices that people come back to.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    pairing::{MadeBy, Pairing},
    ports::{Freshness, Machines, Pairs, StoreError},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, item_of, writes::if_held};
use crate::item::{Item, Reader, seconds, text};

/// How long an unused machine or pair is remembered.
const REMEMBERED: Duration = Duration::from_hours(400 * 24);
/// How often the use of a machine is noted.
const RENEWED_AFTER: Duration = Duration::from_hours(7 * 24);

const PAIR: &str = "SET #session = :session, opened_at = :opened, device = :device, sign_in = :sign_in, may_prompt = :yes, \
                    paired_at = :now, expires_at = :until";

fn pair_key(account: AccountId, client: &ClientId, policy: LoginPolicy) -> Key {
    Key(format!("PAIR#{account}"), format!("{client}#{}", policy.number()))
}

#[async_trait]
impl Machines for Directory {
    /// Reads before it writes, because a machine is bound once and used often, and half a read unit costs a tenth
    /// of a write unit. Using a machine extends how long it is remembered.
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = Key(format!("MACHINE#{account}"), mac.as_str().to_owned());
        let known = self.get(&key, Freshness::Eventual).await?;
        let forget_at = known.as_ref().map(|item| Reader(item).seconds(EXPIRES_AT)).transpose()?;
        if forget_at.is_some_and(|at| at.plus(RENEWED_AFTER) > now.plus(REMEMBERED)) {
            return Ok(());
        }
        let bound_at = known.as_ref().map_or(Ok(now), |item| Reader(item).seconds("bound_at"))?;
        let until = now.plus(REMEMBERED);
        let mut item = item_of(&key, [("bound_at", seconds(bound_at)), (EXPIRES_AT, seconds(until))]);
        if let Some(name) = name {
            item.insert("name".to_owned(), text(name.as_str()));
        }
        self.put(item).await
    }
}

#[async_trait]
impl Pairs for Directory {
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
        by_login: &MadeBy,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .update(pair_key(by.account, client, policy))
            .update_expression(PAIR)
            .condition_expression(
                "attribute_not_exists(opened_at) OR (#session <> :session AND opened_at <= :opened)",
            )
            .expression_attribute_names("#session", "session")
            .expression_attribute_values(":session", text(by_login.session.as_str()))
            .expression_attribute_values(":opened", seconds(by_login.opened_at))
            .expression_attribute_values(":device", text(device.as_str()))
            .expression_attribute_values(":sign_in", text(by.sign_in.as_str()))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":until", seconds(now.plus(REMEMBERED)));
        // A refusal means that this same session made the pair before, or a newer one has.
        if_held(update).await?;
        Ok(())
    }

    async fn withdraw(
        &self,
        session: &SessionCode,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<(), StoreError> {
        let update = self.update(pair_key(account, client, policy));
        let update =
            update.update_expression("SET may_prompt = :no").condition_expression("#session = :session");
        let update = update.expression_attribute_names("#session", "session");
        let update = update.expression_attribute_values(":session", text(session.as_str()));
        if_held(update.expression_attribute_values(":no", AttributeValue::Bool(false))).await?;
        Ok(())
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
