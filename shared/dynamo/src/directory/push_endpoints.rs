//! The phones that can be pushed to: under their account, to be found, and under their token, which
//! has one owner.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{Delete, Put, TransactWriteItem},
};
use saoma_domain::{
    identity::{AccountId, Phone, PhoneId},
    ports::{Freshness, PushEndpoints, StoreError},
    push::{PushEndpoint, PushPlatform, PushTokenId},
};

use super::{Directory, Key, PK, SK, account_of, item_of};
use crate::{
    failed,
    item::{Item, Reader, inconsistent, number, seconds, text},
};

/// A token changes hands as often as somebody signs in on its phone: nobody loses more races.
const MOST_RACES: usize = 5;
const PREFIX: &str = "PUSH#";

fn owner_key(token: &PushTokenId) -> Key {
    Key(format!("{PREFIX}{}", token.as_str()), "OWNER".into())
}

fn endpoint_key(account: AccountId, token: &PushTokenId) -> Key {
    Key(format!("ACCOUNT#{account}"), format!("{PREFIX}{}", token.as_str()))
}

#[async_trait]
impl PushEndpoints for Directory {
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<bool, StoreError> {
        let account = endpoint.owner.account;
        let kept = self.endpoints(account).await?;
        if kept.iter().filter(|kept| kept.token != endpoint.token).count() >= PushEndpoint::MOST {
            return Ok(false);
        }
        for _ in 0..MOST_RACES {
            let before = self.owner(&endpoint.token).await?;
            let mut writes =
                vec![self.put_owner(&endpoint.token, account, before)?, self.put_always(to_item(endpoint))?];
            if let Some(before) = before.filter(|before| *before != account) {
                writes.push(self.delete(&endpoint_key(before, &endpoint.token))?);
            }
            if self.all_or_nothing(writes).await? {
                return Ok(true);
            }
        }
        Err(StoreError::new("lost more races than a push token has owners"))
    }

    async fn forget(
        &self,
        account: AccountId,
        token: &PushTokenId,
    ) -> Result<Option<PushEndpoint>, StoreError> {
        let key = endpoint_key(account, token);
        let Some(item) = self.get(&key, Freshness::Strong).await? else { return Ok(None) };
        let endpoint = read(account, &item)?;
        let writes = vec![self.delete_owner(token, account)?, self.delete(&key)?];
        Ok(self.all_or_nothing(writes).await?.then_some(endpoint))
    }

    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :account AND begins_with(#sk, :push)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":account", text(format!("ACCOUNT#{account}")))
            .expression_attribute_values(":push", text(PREFIX))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("Query on directory"))?;
        found.items().iter().map(|item| read(account, item)).collect()
    }
}

impl Directory {
    async fn owner(&self, token: &PushTokenId) -> Result<Option<AccountId>, StoreError> {
        let item = self.get(&owner_key(token), Freshness::Strong).await?;
        item.map(|item| account_of(Reader(&item))).transpose()
    }

    /// Gives a token to an account, if it still is whose it was.
    fn put_owner(
        &self,
        token: &PushTokenId,
        account: AccountId,
        before: Option<AccountId>,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item_of(&owner_key(token), [("account", number(account))])));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("account = :before")
                .expression_attribute_values(":before", number(before)),
        };
        let put = put.build().map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn put_always(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn delete_owner(&self, token: &PushTokenId, account: AccountId) -> Result<TransactWriteItem, StoreError> {
        let Key(pk, sk) = owner_key(token);
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(PK, text(pk))
            .key(SK, text(sk))
            .condition_expression("account = :theirs")
            .expression_attribute_values(":theirs", number(account))
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn delete(&self, Key(pk, sk): &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(PK, text(pk))
            .key(SK, text(sk))
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Writes everything, or nothing: `false` when somebody else was faster.
    async fn all_or_nothing(&self, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(false),
                _ => Err(failed("TransactWriteItems on directory")(error)),
            },
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::new(error.to_string())
}

fn to_item(endpoint: &PushEndpoint) -> Item {
    item_of(
        &endpoint_key(endpoint.owner.account, &endpoint.token),
        [
            ("platform", text(endpoint.platform.as_str())),
            ("address", text(endpoint.address.as_str())),
            ("phone", text(endpoint.owner.phone.as_str())),
            ("registered_at", seconds(endpoint.registered_at)),
        ],
    )
}

fn read(account: AccountId, item: &Item) -> Result<PushEndpoint, StoreError> {
    let item = Reader(item);
    let token = item.text(SK)?.strip_prefix(PREFIX).ok_or_else(|| inconsistent(SK))?;
    Ok(PushEndpoint {
        token: PushTokenId::from_stored(token),
        platform: item.parsed("platform", PushPlatform::parse)?,
        address: item.text("address")?.to_owned(),
        owner: Phone { account, phone: item.parsed("phone", PhoneId::parse)? },
        registered_at: item.seconds("registered_at")?,
    })
}
