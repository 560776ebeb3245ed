//! The Sessions table.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use aws_types::SdkConfig;
use saoma_domain::{
    ports::{Committed, Created, Freshness, Sessions, StoreError, WriteId},
    secrets::SessionCode,
    session::{Change, Session},
};

use crate::{
    directory::writes::{WRITE_ID, is_of},
    failed,
    item::{number, seconds, text},
    session_item::{
        CODE, EXPIRES_AT, UPDATED_AT, VERSION, flow_attributes, from_item, state_attributes, to_item,
    },
};

/// Sessions in a DynamoDB table.
pub struct SessionTable {
    client: Client,
    table: String,
}

impl SessionTable {
    /// The sessions in `table`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }
}

#[async_trait]
impl Sessions for SessionTable {
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError> {
        let mut item = to_item(session);
        item.insert(WRITE_ID.to_owned(), text(write.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#code)")
            .expression_attribute_names("#code", CODE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(Created::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(taken)) => {
                    let ours = taken.item.as_ref().is_some_and(|item| is_of(item, write));
                    Ok(if ours { Created::Stored } else { Created::Collision })
                }
                _ => Err(failed("PutItem on sessions")(error)),
            },
        }
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(CODE, text(code.as_str()))
            .consistent_read(freshness == Freshness::Strong)
            .send()
            .await
            .map_err(failed("GetItem on sessions"))?;
        got.item.as_ref().map_or(Ok(None), from_item)
    }

    /// The one guarded write behind every transition. When it loses a race, DynamoDB returns the stored item, so
    /// the caller need not read again.
    async fn commit(&self, change: &Change, write: &WriteId) -> Result<Committed, StoreError> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(CODE, text(change.code().as_str()))
            .condition_expression("#version = :if_version AND :now < #expires_at")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":if_version", number(change.if_version()))
            .expression_attribute_values(":now", seconds(change.at()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut set = Vec::new();
        for (name, value) in written_by(change, write) {
            set.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let written = update.update_expression(format!("SET {}", set.join(", "))).send().await;
        match written {
            Ok(written) => {
                let item =
                    written.attributes.ok_or_else(|| StoreError::new("UpdateItem returned no item"))?;
                from_item(&item)?
                    .map(Committed::Stored)
                    .ok_or_else(|| StoreError::new("UpdateItem returned no session"))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(lost)) => match &lost.item {
                    Some(item) => {
                        let stored = if is_of(item, write) { Committed::Stored } else { Committed::Behind };
                        Ok(from_item(item)?.map_or(Committed::Gone, stored))
                    }
                    None => Ok(Committed::Gone),
                },
                _ => Err(failed("UpdateItem on sessions")(error)),
            },
        }
    }
}

/// The attributes a change sets.
fn written_by(change: &Change, write: &WriteId) -> impl Iterator<Item = (&'static str, AttributeValue)> {
    let this = [
        (VERSION, number(change.if_version() + 1)),
        (UPDATED_AT, seconds(change.at())),
        (WRITE_ID, text(write.as_str())),
    ];
    this.into_iter()
        .chain(state_attributes(change.to()))
        .chain(change.flow().map(flow_attributes).unwrap_or_default())
}
