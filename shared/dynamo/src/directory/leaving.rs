//! How an account is deleted.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use saoma_domain::{
    account::{Account, AccountStatus},
    identity::AccountId,
    ports::{Freshness, Leaving, StoreError, WriteId},
    time::Timestamp,
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK, account_key, account_of, item_of,
    writes::{WRITE_ID, deleting, putting},
};
use crate::{
    failed,
    item::{Item, Reader, number, seconds, text},
};

/// The partitions of an account, by prefix, in the order in which they are removed: what could still be used comes
/// first. Push endpoints have a removal of their own, because the push service must forget them too.
const PARTITIONS: [&str; 8] = ["SIGNIN", "KNOWN", "PAIR", "MACHINE", "PRESENT", "PROMPT", "VISIT", "HISTORY"];
/// The most items that one batch deletes (DynamoDB's limit).
const BATCH: usize = 25;
/// How often items that DynamoDB left undone are deleted again, and the first pause before that.
const MOST_ROUNDS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The account's owner deletes it once, so a caller loses hardly a race.
const MOST_RACES: usize = 5;

#[async_trait]
impl Leaving for Directory {
    async fn mark_deleted(
        &self,
        account: &Account,
        forget_at: Timestamp,
        write: &WriteId,
    ) -> Result<(), StoreError> {
        let identity = self.identity_key_of(account).await?;
        for _ in 0..MOST_RACES {
            let mut writes = vec![putting(self.put_of(mark(account.id, forget_at, write)))?];
            if let Some(identity) = &identity
                && self.owner_of(identity).await? == Some(account.id)
            {
                let delete = self.delete_of(identity.clone());
                let delete = delete.condition_expression("attribute_not_exists(pk) OR account = :account");
                writes.push(deleting(delete.expression_attribute_values(":account", number(account.id)))?);
            }
            if self.all_or_nothing_as(writes, write).await? {
                return Ok(());
            }
        }
        Err(StoreError::new("lost more races than an account has owners"))
    }

    async fn remove(&self, account: AccountId, most: usize) -> Result<bool, StoreError> {
        let mut left = most;
        for prefix in PARTITIONS {
            while left > 0 {
                let keys = self.keys(format!("{prefix}#{account}"), left.min(BATCH)).await?;
                if keys.is_empty() {
                    break;
                }
                left -= keys.len();
                self.delete_all(keys).await?;
            }
        }
        Ok(left > 0)
    }
}

impl Directory {
    /// The account that has this identity.
    async fn owner_of(&self, identity: &Key) -> Result<Option<AccountId>, StoreError> {
        let item = self.get(identity, Freshness::Strong).await?;
        item.map(|item| account_of(Reader(&item))).transpose()
    }

    /// The keys of the first items of a partition.
    async fn keys(&self, pk: String, most: usize) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(pk))
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .consistent_read(true);
        let found = query.send().await.map_err(failed("Query on directory"))?;
        Ok(found.items.unwrap_or_default())
    }

    /// Deletes the items under these keys. DynamoDB may leave some undone under load; those are deleted again, each
    /// time after a longer pause.
    async fn delete_all(&self, keys: Vec<Item>) -> Result<(), StoreError> {
        let deletes = keys.into_iter().map(|key| DeleteRequest::builder().set_key(Some(key)).build());
        let deletes: Result<Vec<_>, _> = deletes.collect();
        let deletes = deletes.map_err(|error| StoreError::new(error.to_string()))?;
        let of = |delete| WriteRequest::builder().delete_request(delete).build();
        let mut writes: Vec<WriteRequest> = deletes.into_iter().map(of).collect();
        for round in 0..MOST_ROUNDS {
            if round > 0 {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(round - 1)).await;
            }
            let sent = self.client.batch_write_item().request_items(&self.table, writes).send().await;
            let done = sent.map_err(failed("BatchWriteItem on directory"))?;
            writes = done.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
            if writes.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::new("BatchWriteItem: deletes were left undone again and again"))
    }
}

/// What stays of a deleted account: its number, so that no other person is given it, and that it is deleted.
fn mark(account: AccountId, forget_at: Timestamp, write: &WriteId) -> Item {
    let Key(pk, sk) = account_key(account);
    item_of(
        &Key(pk, sk),
        [
            ("status", text(AccountStatus::Deleted.as_str())),
            ("credentials_at", number(0)),
            ("created_at", number(0)),
            (EXPIRES_AT, seconds(forget_at)),
            (WRITE_ID, text(write.as_str())),
        ],
    )
}
