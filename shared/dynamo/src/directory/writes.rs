//! Writes that happen under a condition, or together.
//!
//! The SDK repeats a request whose answer was lost, and the repetition's condition fails because the first request
//! succeeded. A conditional write that could be mistaken for another's therefore stores its own id in the item. A
//! failed condition on an item that holds our id is a success (`docs/security.md` K12).

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{
        put_item::{PutItemError, builders::PutItemFluentBuilder},
        transact_write_items::TransactWriteItemsError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
    },
};
use saoma_domain::ports::{StoreError, WriteId};

use super::{Directory, Key, PK, SK};
use crate::{
    failed,
    item::{Item, Reader, text},
};

/// How often a transaction is made again when others were writing the same items.
const MOST_CONFLICTS: u32 = 10;
/// The pause before that. It grows each time.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);
/// The attribute that names the last write of an item.
pub(crate) const WRITE_ID: &str = "write_id";

/// The result of a conditional write.
pub(super) enum Written {
    /// It is stored, by this request or by the one whose answer was lost.
    Stored,
    /// The condition did not hold. This is the stored item, if there is one.
    Refused(Option<Item>),
}

impl Written {
    /// Tells a real refusal from one that our own earlier request caused.
    fn of(refused: Option<Item>, write: &WriteId) -> Self {
        if refused.as_ref().is_some_and(|item| is_of(item, write)) {
            Self::Stored
        } else {
            Self::Refused(refused)
        }
    }
}

/// Whether an item is the work of this write.
pub(crate) fn is_of(item: &Item, write: &WriteId) -> bool {
    matches!(Reader(item).optional_text(WRITE_ID), Ok(Some(id)) if id == write.as_str())
}

impl Directory {
    /// An update of one item; [`if_held`] sends it.
    pub(super) fn update(&self, Key(pk, sk): Key) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Puts an item under a condition, with the id of `write` in it.
    pub(super) async fn put_as(
        &self,
        mut item: Item,
        write: &WriteId,
        under: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<Written, StoreError> {
        item.insert(WRITE_ID.to_owned(), text(write.as_str()));
        Ok(match self.put_if(item, under).await? {
            Ok(()) => Written::Stored,
            Err(stored) => Written::of(stored, write),
        })
    }

    /// Puts an item whose key no other writer draws, unless it is there: then gives what is stored.
    pub(super) async fn put_new(&self, item: Item) -> Result<Option<Item>, StoreError> {
        let put = self.put_if(item, |put| put.condition_expression("attribute_not_exists(pk)")).await?;
        Ok(put.err().flatten())
    }

    /// Puts an item under a condition. When that does not hold, gives the stored item, if there is one.
    pub(super) async fn put_if(
        &self,
        item: Item,
        under: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<Result<(), Option<Item>>, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match under(put).send().await {
            Ok(_) => Ok(Ok(())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(why)) => Ok(Err(why.item.clone())),
                _ => Err(failed("PutItem on directory")(error)),
            },
        }
    }

    /// An item to be put in one step with others.
    pub(super) fn put_of(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }

    /// An item to be deleted in one step with others.
    pub(super) fn delete_of(&self, Key(pk, sk): Key) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// An item to be updated in one step with others.
    pub(super) fn update_of(&self, Key(pk, sk): Key) -> UpdateBuilder {
        Update::builder().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// An item whose condition must hold while others are written.
    pub(super) fn check_of(&self, Key(pk, sk): Key) -> ConditionCheckBuilder {
        ConditionCheck::builder().table_name(&self.table).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Writes everything or nothing. `false` when a condition did not hold, or another transaction was writing
    /// the same items.
    pub(super) async fn all_or_nothing(&self, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        Ok(self.transact(writes).await?.is_none())
    }

    /// The same, for writes that carry the id of `write`. If they were refused because they had been made before,
    /// they count as stored.
    pub(super) async fn all_or_nothing_as(
        &self,
        writes: Vec<TransactWriteItem>,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let refused = self.transact(writes).await?;
        Ok(refused.is_none_or(|reasons| {
            reasons.iter().filter_map(|reason| reason.item.as_ref()).any(|item| is_of(item, write))
        }))
    }

    /// Writes everything or nothing. Where other transactions were only in the way, because they wrote a count of many
    /// callers, it tries again. `None` when everything is written; otherwise a condition did not hold, and these are
    /// the reasons.
    pub(super) async fn transact_patiently(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        for tried in 1..=MOST_CONFLICTS {
            match self.transact(writes.clone()).await? {
                Some(reasons) if !reasons.iter().any(did_not_hold) => {
                    tokio::time::sleep(CONFLICT_PAUSE * tried).await;
                }
                done => return Ok(done),
            }
        }
        Err(StoreError::new(
            "TransactWriteItems on directory: other transactions were in the way again and again",
        ))
    }

    /// `None` when everything is written; the reasons when a condition did not hold or another transaction was
    /// in the way. DynamoDB also cancels a transaction when it throttles; that is an error like any other.
    async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = sent else { return Ok(None) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let reasons = cancelled.cancellation_reasons();
                match reasons.iter().find(|reason| !is_a_lost_race(reason)) {
                    None => Ok(Some(reasons.to_vec())),
                    Some(reason) => {
                        let code = reason.code().unwrap_or("without a reason");
                        Err(StoreError::new(format!("TransactWriteItems on directory: {code}")))
                    }
                }
            }
            _ => Err(failed("TransactWriteItems on directory")(error)),
        }
    }
}

/// Whether a write was refused because its condition did not hold.
pub(super) fn did_not_hold(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

fn is_a_lost_race(reason: &CancellationReason) -> bool {
    matches!(reason.code(), None | Some("None" | "ConditionalCheckFailed" | "TransactionConflict"))
}

/// Sends an update that may be repeated. `false`, and nothing written, when its condition did not hold.
pub(super) async fn if_held(update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(failed("UpdateItem on directory")(error)),
        },
    }
}

/// Sends an update that must take effect only once. Its condition refuses a repetition, and `is_ours` recognises
/// from the item that this same update has already taken effect.
pub(super) async fn if_held_or(
    update: UpdateItemFluentBuilder,
    is_ours: impl FnOnce(&Item) -> bool,
) -> Result<bool, StoreError> {
    let returning = ReturnValuesOnConditionCheckFailure::AllOld;
    match update.return_values_on_condition_check_failure(returning).send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(why)) => {
                Ok(why.item.as_ref().is_some_and(is_ours))
            }
            _ => Err(failed("UpdateItem on directory")(error)),
        },
    }
}

/// The part of a transaction that puts an item.
pub(super) fn putting(put: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    Ok(TransactWriteItem::builder().put(put.build().map_err(unbuilt)?).build())
}

/// The part of a transaction that updates an item.
pub(super) fn updating(update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().update(update.build().map_err(unbuilt)?).build())
}

/// The part of a transaction that deletes an item.
pub(super) fn deleting(delete: DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(unbuilt)?).build())
}

/// The part of a transaction that checks an item.
pub(super) fn checking(check: ConditionCheckBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().condition_check(check.build().map_err(unbuilt)?).build())
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unbuilt(error: BuildError) -> StoreError {
    StoreError::new(error.to_string())
}
