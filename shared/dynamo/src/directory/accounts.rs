//! Accounts, and the identities that find them.

use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::TransactWriteItem};
use saoma_domain::{
    account::{Account, AccountStatus},
    identity::{AccountId, Identity, PhoneNumber},
    ports::{Accounts, Freshness, StoreError, WriteId},
    time::Timestamp,
};

use super::{
    Directory, Key, PK, account_of, item_of,
    writes::{WRITE_ID, if_held, if_held_or, putting},
};
use crate::{
    failed,
    item::{Item, Reader, number, seconds, text},
};

/// The attribute of an account that names the identity of a person of another issuer. A deletion finds the identity by it.
const FOREIGN: &str = "foreign";

/// The key of an account.
pub(crate) fn account_key(id: AccountId) -> Key {
    Key(format!("ACCOUNT#{id}"), "ACCOUNT".into())
}

pub(super) fn identity_key(identity: &Identity) -> Key {
    let pk = match identity {
        Identity::Phone(number) => format!("IDENTITY#PHONE#{}", number.as_str()),
        Identity::Foreign(person) => return foreign_key(&person.digest()),
    };
    Key(pk, "IDENTITY".into())
}

fn foreign_key(digest: &str) -> Key {
    Key(format!("FOREIGN#{digest}"), "IDENTITY".into())
}

#[async_trait]
impl Accounts for Directory {
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let item = self.get(&account_key(id), Freshness::Strong).await?;
        item.as_ref().map(from_item).transpose()
    }

    async fn account_by(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let Some(item) = self.get(&identity_key(identity), Freshness::Strong).await? else {
            return Ok(None);
        };
        self.account(account_of(Reader(&item))?).await
    }

    async fn register(
        &self,
        account: &Account,
        identity: &Identity,
        write: &WriteId,
    ) -> Result<bool, StoreError> {
        let mut item = item_of(
            &account_key(account.id),
            [
                ("status", text(account.status.as_str())),
                ("credentials_at", seconds(account.credentials_at)),
                ("created_at", seconds(account.created_at)),
            ],
        );
        if let Some(phone_number) = &account.phone_number {
            item.insert("phone_number".to_owned(), text(phone_number.as_str()));
        }
        if let Identity::Foreign(person) = identity {
            item.insert(FOREIGN.to_owned(), text(person.digest()));
        }
        let found_by = item_of(&identity_key(identity), [("account", number(account.id))]);
        let new = |mut item: Item| -> Result<TransactWriteItem, StoreError> {
            item.insert(WRITE_ID.to_owned(), text(write.as_str()));
            putting(self.put_of(item).condition_expression("attribute_not_exists(pk)"))
        };
        self.all_or_nothing_as(vec![new(found_by)?, new(item)?], write).await
    }

    async fn link(&self, account: AccountId, identity: &Identity) -> Result<bool, StoreError> {
        let update = self
            .update(identity_key(identity))
            .update_expression("SET account = :account")
            .condition_expression("attribute_not_exists(pk) OR account = :account")
            .expression_attribute_values(":account", number(account));
        if_held(update).await
    }

    async fn set_status(&self, account: AccountId, status: AccountStatus) -> Result<bool, StoreError> {
        let update = self
            .update(account_key(account))
            .update_expression("SET #status = :status")
            .condition_expression("attribute_exists(pk) AND #status <> :deleted")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(status.as_str()))
            .expression_attribute_values(":deleted", text(AccountStatus::Deleted.as_str()));
        // The SDK's retry of a deletion whose answer was lost finds the account deleted.
        if_held_or(update, |item| from_item(item).is_ok_and(|it| it.status == status)).await
    }

    async fn reset_credentials(&self, account: AccountId, at: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .update(account_key(account))
            .update_expression("SET credentials_at = :at")
            .condition_expression("#status <> :deleted AND credentials_at < :at")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":at", seconds(at))
            .expression_attribute_values(":deleted", text(AccountStatus::Deleted.as_str()));
        // The condition also fails when this moment or a later one is stored already.
        if_held_or(update, |item| {
            from_item(item).is_ok_and(|it| it.credentials_at >= at && it.status != AccountStatus::Deleted)
        })
        .await
    }

    async fn unlink(&self, account: AccountId, identity: &Identity) -> Result<(), StoreError> {
        let Key(pk, sk) = identity_key(identity);
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(PK, text(pk))
            .key(super::SK, text(sk))
            .condition_expression("account = :account")
            .expression_attribute_values(":account", number(account))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("DeleteItem on directory")(error)),
            },
        }
    }
}

impl Directory {
    /// The key of the identity that an account was registered with. `None` when its deletion has taken it away.
    pub(super) async fn identity_key_of(&self, account: &Account) -> Result<Option<Key>, StoreError> {
        if let Some(number) = &account.phone_number {
            return Ok(Some(identity_key(&Identity::Phone(number.clone()))));
        }
        let item = self.get(&account_key(account.id), Freshness::Strong).await?;
        let digest = item.as_ref().map(|item| Reader(item).optional_text(FOREIGN)).transpose()?.flatten();
        Ok(digest.map(foreign_key))
    }
}

/// Reads an account.
pub(crate) fn from_item(item: &Item) -> Result<Account, StoreError> {
    let item = Reader(item);
    Ok(Account {
        id: item.parsed(PK, |pk| AccountId::parse(pk.strip_prefix("ACCOUNT#")?))?,
        phone_number: item.optional("phone_number", PhoneNumber::parse)?,
        status: item.parsed("status", AccountStatus::parse)?,
        credentials_at: item.seconds("credentials_at")?,
        created_at: item.seconds("created_at")?,
    })
}
