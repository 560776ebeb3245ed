//! The key sets that instances fetched, one record for all of them.

use std::time::Duration;

use async_trait::async_trait;
use saoma_domain::{
    issuer::KeySetUrl,
    ports::{Freshness, KeptKeySet, KeySets, StoreError, WriteId},
    time::Timestamp,
};

use super::{
    Directory, EXPIRES_AT, Key, item_of,
    writes::{WRITE_ID, if_held},
};
use crate::item::{Reader, number, seconds, text};

/// How long a turn that led to no set is remembered.
const KEPT: Duration = Duration::from_hours(1);

fn key_of(address: &KeySetUrl) -> Key {
    Key(format!("KEYSET#{}", address.url()), "KEYSET".into())
}

#[async_trait]
impl KeySets for Directory {
    async fn kept(&self, address: &KeySetUrl) -> Result<Option<KeptKeySet>, StoreError> {
        let Some(item) = self.get(&key_of(address), Freshness::Strong).await? else { return Ok(None) };
        let item = Reader(&item);
        let fetched = match item.optional_text("key_set")? {
            Some(set) => Some((set.to_owned(), millis(item, "fetched_ms")?)),
            None => None,
        };
        Ok(Some(KeptKeySet { fetched, next_at: millis(item, "next_ms")? }))
    }

    async fn take_turn(
        &self,
        address: &KeySetUrl,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let update = self
            .update(key_of(address))
            .update_expression(
                "SET next_ms = :until, write_id = :write, expires_at = if_not_exists(expires_at, :forget)",
            )
            .condition_expression("attribute_not_exists(pk) OR next_ms <= :now OR write_id = :write")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":write", text(write.as_str()))
            .expression_attribute_values(":forget", seconds(until.plus(KEPT)))
            .expression_attribute_values(":now", number(now.millis()));
        if_held(update).await
    }

    async fn keep(
        &self,
        address: &KeySetUrl,
        (set, fetched_at): (&str, Timestamp),
        next_at: Timestamp,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        let item = item_of(
            &key_of(address),
            [
                ("key_set", text(set)),
                ("fetched_ms", number(fetched_at.millis())),
                ("next_ms", number(next_at.millis())),
                (EXPIRES_AT, seconds(forget_at)),
                (WRITE_ID, text("kept")),
            ],
        );
        // A later set stays. Repeating the call stores the same.
        let newest = |put: aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder| {
            put.condition_expression("attribute_not_exists(fetched_ms) OR fetched_ms <= :fetched")
                .expression_attribute_values(":fetched", number(fetched_at.millis()))
        };
        let _ = self.put_if(item, newest).await?;
        Ok(())
    }
}

fn millis(item: Reader<'_>, name: &str) -> Result<Timestamp, StoreError> {
    item.number(name).map(Timestamp::from_millis)
}
