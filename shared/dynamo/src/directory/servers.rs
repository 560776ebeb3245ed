//! The servers that may hang.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use saoma_domain::{
    identity::ClientId,
    ports::{Servers, StoreError, Turn, WriteId},
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, PK, SK, item_of};
use crate::{
    failed,
    item::{Item, Reader, inconsistent, number, seconds, text},
};

/// How long a server's hangs are remembered after its turn or its rest is over.
const KEPT: Duration = Duration::from_hours(1);
/// Lets an instance take the turn, once more too.
const IF_FREE: &str = "attribute_not_exists(pk) OR until_ms <= :now OR write_id = :write";

fn key_of(client: &ClientId) -> Key {
    Key(format!("SERVER#{client}"), "SERVER".into())
}

#[async_trait]
impl Servers for Directory {
    async fn turn(
        &self,
        client: &ClientId,
        until: Timestamp,
        now: Timestamp,
        write: &WriteId,
    ) -> Result<Turn, StoreError> {
        let taken = self
            .update(key_of(client))
            .update_expression("SET until_ms = :until, write_id = :write, expires_at = :forget")
            .condition_expression(IF_FREE)
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":write", text(write.as_str()))
            .expression_attribute_values(":forget", seconds(until.plus(KEPT)))
            .expression_attribute_values(":now", number(now.millis()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match taken {
            Ok(taken) => Ok(Turn::Ours { hangs: hangs(taken.attributes.as_ref())? }),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(why)) => {
                    let item = why.item.as_ref().ok_or_else(|| inconsistent("until_ms"))?;
                    Reader(item).number("until_ms").map(Timestamp::from_millis).map(Turn::NotBefore)
                }
                _ => Err(failed("UpdateItem on directory")(error)),
            },
        }
    }

    async fn answered(&self, client: &ClientId, write: &WriteId) -> Result<(), StoreError> {
        let Key(pk, sk) = key_of(client);
        let delete = self.client.delete_item().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk));
        let delete = delete.condition_expression("write_id = :write");
        match delete.expression_attribute_values(":write", text(write.as_str())).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("DeleteItem on directory")(error)),
            },
        }
    }

    async fn rest(&self, client: &ClientId, hangs: u32, until: Timestamp) -> Result<(), StoreError> {
        let attributes = [
            ("hangs", number(hangs)),
            ("until_ms", number(until.millis())),
            (EXPIRES_AT, seconds(until.plus(KEPT))),
        ];
        self.put(item_of(&key_of(client), attributes)).await
    }
}

/// The hangs of a server. A turn alone has none.
fn hangs(item: Option<&Item>) -> Result<u32, StoreError> {
    match item.filter(|item| item.contains_key("hangs")) {
        Some(item) => Reader(item).number("hangs"),
        None => Ok(0),
    }
}
