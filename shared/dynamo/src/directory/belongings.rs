//! What an account has, listed page by page, and ended.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    belongings::{Machine, Page, Pair, Place, Turn},
    history::{Entry, EntryId, Kind},
    identity::{AccountId, ClientId},
    ports::{Belongings, StoreError},
    session::LoginPolicy,
    sign_in::SignIn,
    text::CleanText,
    time::Timestamp,
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK,
    devices::{self, FORGOTTEN, FORGOTTEN_KEPT, pair_key},
    history::{self, ENDED_AT, KIND},
    sign_ins,
    writes::if_held,
};
use crate::{
    failed,
    item::{Item, Reader, seconds, text},
};

/// The order in which a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    ByKey,
    NewestFirst,
}

#[async_trait]
impl Belongings for Directory {
    async fn sign_ins(&self, turn: &Turn) -> Result<Page<SignIn>, StoreError> {
        let page = self.page(sign_ins::partition_of(turn.account), turn, Order::ByKey).await?;
        read_all(page, sign_ins::from_item)
    }

    async fn history(&self, turn: &Turn) -> Result<Page<Entry>, StoreError> {
        let page = self.page(history::partition_of(turn.account), turn, Order::NewestFirst).await?;
        read_all(page, history::from_item)
    }

    async fn machines(&self, turn: &Turn) -> Result<Page<Machine>, StoreError> {
        let page = self.page(devices::machines_of(turn.account), turn, Order::ByKey).await?;
        read_all(remembered(page), devices::read_machine)
    }

    async fn pairs(&self, turn: &Turn) -> Result<Page<Pair>, StoreError> {
        let page = self.page(devices::pairs_of(turn.account), turn, Order::ByKey).await?;
        read_all(remembered(page), devices::read_pair)
    }

    async fn end_login(&self, account: AccountId, id: &EntryId, at: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .update(history::entry_key(account, id))
            .update_expression("SET #ended = if_not_exists(#ended, :at)")
            .condition_expression("#kind = :login")
            .expression_attribute_names("#ended", ENDED_AT)
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_values(":at", seconds(at))
            .expression_attribute_values(":login", text(Kind::Login.as_str()));
        if_held(update).await
    }

    async fn forget_machine(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.forget_remembered(devices::machine_key(account, mac), now).await
    }

    async fn forget_pair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.forget_remembered(pair_key(account, client, policy), now).await
    }
}

impl Directory {
    /// One page of a partition, as last written. What was just ended is not in it.
    async fn page(&self, pk: String, turn: &Turn, order: Order) -> Result<Page<Item>, StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(&pk))
            .scan_index_forward(order == Order::ByKey)
            .limit(turn.most.into())
            .consistent_read(true);
        if let Some(after) = &turn.after {
            query = query.exclusive_start_key(PK, text(&pk)).exclusive_start_key(SK, text(after.as_str()));
        }
        let found = query.send().await.map_err(failed("Query on directory"))?;
        let last = found.last_evaluated_key;
        let next = last.as_ref().map(|key| Reader(key).parsed(SK, Place::parse)).transpose()?;
        Ok(Page { rows: found.items.unwrap_or_default(), next })
    }

    /// Marks a machine (a person's or a client's) or a pair as forgotten, and lets DynamoDB drop it a day later. A row that is gone at once could
    /// not tell a repeated call that it was there.
    pub(super) async fn forget_remembered(&self, key: Key, now: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .update(key)
            .update_expression("SET #forgotten = :yes, #until = :soon")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#forgotten", FORGOTTEN)
            .expression_attribute_names("#until", EXPIRES_AT)
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":soon", seconds(now.plus(FORGOTTEN_KEPT)));
        if_held(update).await
    }
}

/// The rows that were not forgotten.
fn remembered(page: Page<Item>) -> Page<Item> {
    page.only(|item| (!devices::is_forgotten(&item)).then_some(item))
}

fn read_all<T>(
    page: Page<Item>,
    read: impl Fn(&Item) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let rows = page.rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page { rows, next: page.next })
}
