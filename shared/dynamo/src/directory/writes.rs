//! Writes that happen under a condition, or together.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{
        transact_write_items::TransactWriteItemsError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{
        Delete, Put, TransactWriteItem,
        builders::{DeleteBuilder, PutBuilder},
    },
};
use saoma_domain::ports::StoreError;

use super::{Directory, Key, PK, SK};
use crate::{
    failed,
    item::{Item, text},
};

impl Directory {
    /// An update of one item; [`if_held`] sends it.
    pub(super) fn update(&self, Key(pk, sk): Key) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// An item to be put in one step with others.
    pub(super) fn put_of(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }

    /// An item to be deleted in one step with others.
    pub(super) fn delete_of(&self, Key(pk, sk): Key) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Writes everything, or nothing: `false` when a condition did not hold, or somebody else was
    /// writing there.
    pub(super) async fn all_or_nothing(&self, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(false),
                _ => Err(failed("TransactWriteItems on directory")(error)),
            },
        }
    }
}

/// Sends an update; `false`, and nothing written, when its condition did not hold.
pub(super) async fn if_held(update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(failed("UpdateItem on directory")(error)),
        },
    }
}

/// The part of a transaction that puts an item.
pub(super) fn putting(put: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
}

/// The part of a transaction that deletes an item.
pub(super) fn deleting(delete: DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(unbuilt)?).build())
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unbuilt(error: BuildError) -> StoreError {
    StoreError::new(error.to_string())
}
