//! Machines bound to members, and the devices that people come back to.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    belongings::{Machine, Pair},
    identity::{AccountId, ClientId, Phone, SignInId},
    pairing::{MadeBy, Pairing},
    ports::{Freshness, Machines, Pairs, StoreError},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, PK, SK, item_of, writes::if_held};
use crate::{
    failed,
    item::{Item, Reader, inconsistent, seconds, text},
};

/// How long a machine, a pair or a count of visits that is not used is remembered.
pub(super) const REMEMBERED: Duration = Duration::from_hours(400 * 24);
/// How often the use of a machine is noted.
const RENEWED_AFTER: Duration = Duration::from_hours(7 * 24);

/// Says that the person has removed a machine or a pair. Such an item counts as none.
pub(super) const FORGOTTEN: &str = "forgotten";
/// How long a forgotten machine or pair still answers that it was forgotten. The end of its item says when that was.
pub(super) const FORGOTTEN_KEPT: Duration = Duration::from_hours(24);

/// The machine was not forgotten, or was forgotten before the person agreed to the login that binds it.
const MAY_BIND: &str = "attribute_not_exists(#forgotten) OR #until < :agreed_and_kept";
const PAIR: &str = "SET #session = :session, opened_at = :opened, device = :device, sign_in = :sign_in, may_prompt = :yes, \
                    paired_at = :now, expires_at = :until REMOVE forgotten";

pub(super) fn machines_of(account: AccountId) -> String {
    format!("MACHINE#{account}")
}

pub(super) fn machine_key(account: AccountId, mac: &CleanText<64>) -> Key {
    Key(machines_of(account), mac.as_str().to_owned())
}

pub(super) fn pairs_of(account: AccountId) -> String {
    format!("PAIR#{account}")
}

pub(super) fn pair_key(account: AccountId, client: &ClientId, policy: LoginPolicy) -> Key {
    Key(pairs_of(account), format!("{client}#{}", policy.number()))
}

/// Whether the person has removed this machine or pair.
pub(super) fn is_forgotten(item: &Item) -> bool {
    item.get(FORGOTTEN) == Some(&AttributeValue::Bool(true))
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
        agreed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = machine_key(account, mac);
        let known = self.get(&key, Freshness::Eventual).await?.filter(|item| !is_forgotten(item));
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
        let bound = self.put_if(item, |put| {
            put.condition_expression(MAY_BIND)
                .expression_attribute_names("#forgotten", FORGOTTEN)
                .expression_attribute_names("#until", EXPIRES_AT)
                .expression_attribute_values(":agreed_and_kept", seconds(agreed_at.plus(FORGOTTEN_KEPT)))
        });
        // A refusal means that the person has forgotten the machine since they agreed to this login.
        let is_bound = bound.await?.is_ok();
        if is_bound && known.is_none() { self.make_room(account).await } else { Ok(()) }
    }
}

impl Directory {
    /// Deletes the machines that an account has too many of: those that were used longest ago. Only a machine that is
    /// new makes this necessary. Two new ones at the same moment may leave one too few.
    async fn make_room(&self, account: AccountId) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for item in self.partition(machines_of(account)).await?.iter().filter(|item| !is_forgotten(item)) {
            let item = Reader(item);
            kept.push((item.seconds(EXPIRES_AT)?, item.text(SK)?.to_owned()));
        }
        kept.sort();
        let too_many = kept.len().saturating_sub(Machine::MOST);
        for (_, mac) in kept.into_iter().take(too_many) {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete.key(PK, text(machines_of(account))).key(SK, text(mac));
            delete.send().await.map_err(failed("DeleteItem on directory"))?;
        }
        Ok(())
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
        item.as_ref().filter(|item| !is_forgotten(item)).map(read_pairing).transpose()
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
        opened_at: item.seconds("opened_at")?,
    })
}

/// Reads a machine.
pub(super) fn read_machine(item: &Item) -> Result<Machine, StoreError> {
    let item = Reader(item);
    Ok(Machine {
        mac: item.parsed(SK, CleanText::non_empty)?,
        name: item.optional("name", CleanText::non_empty)?,
        bound_at: item.seconds("bound_at")?,
    })
}

/// Reads a pair.
pub(super) fn read_pair(item: &Item) -> Result<Pair, StoreError> {
    let Pairing { device, sign_in, may_prompt, .. } = read_pairing(item)?;
    let item = Reader(item);
    let (client, policy) = item.text(SK)?.rsplit_once('#').ok_or_else(|| inconsistent(SK))?;
    let policy = policy.parse().ok().and_then(LoginPolicy::from_number).ok_or_else(|| inconsistent(SK))?;
    Ok(Pair {
        client: ClientId::parse(client).ok_or_else(|| inconsistent(SK))?,
        policy,
        device,
        approved_by: sign_in,
        may_ask: may_prompt,
        paired_at: item.seconds("paired_at")?,
    })
}
