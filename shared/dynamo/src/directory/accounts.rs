//! Accounts and the telephone numbers they sign in with.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{Put, TransactWriteItem},
};
use saoma_domain::{
    account::{Account, AccountStatus},
    identity::{AccountId, PhoneNumber},
    ports::{Accounts, Freshness, StoreError},
};

use super::{Directory, Key, PK, item_of};
use crate::{
    failed,
    item::{Item, Reader, inconsistent, number, seconds, text},
};

fn account_key(id: AccountId) -> Key {
    Key(format!("ACCOUNT#{id}"), "ACCOUNT".into())
}

fn number_key(number: &PhoneNumber) -> Key {
    Key(format!("PHONE#{}", number.as_str()), "IDENTITY".into())
}

#[async_trait]
impl Accounts for Directory {
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let item = self.get(&account_key(id), Freshness::Strong).await?;
        item.map(|item| read(id, &item)).transpose()
    }

    async fn account_by_phone(&self, number: &PhoneNumber) -> Result<Option<Account>, StoreError> {
        let Some(item) = self.get(&number_key(number), Freshness::Strong).await? else {
            return Ok(None);
        };
        let id: u64 = Reader(&item).number("account")?;
        let id = AccountId::parse(&id.to_string()).ok_or_else(|| inconsistent("account"))?;
        self.account(id).await
    }

    async fn register(&self, account: &Account) -> Result<bool, StoreError> {
        let mut item = item_of(
            &account_key(account.id),
            [
                ("status", text(account.status.as_str())),
                ("credentials_at", seconds(account.credentials_at)),
                ("created_at", seconds(account.created_at)),
            ],
        );
        let mut puts = Vec::new();
        if let Some(phone_number) = &account.phone_number {
            item.insert("phone_number".to_owned(), text(phone_number.as_str()));
            puts.push(item_of(&number_key(phone_number), [("account", number(account.id))]));
        }
        puts.push(item);
        let mut write = self.client.transact_write_items();
        for item in puts {
            write = write.transact_items(self.put_new(item)?);
        }
        match write.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(false),
                _ => Err(failed("TransactWriteItems on directory")(error)),
            },
        }
    }
}

impl Directory {
    fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .build()
            .map_err(|error| StoreError::new(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn read(id: AccountId, item: &Item) -> Result<Account, StoreError> {
    let item = Reader(item);
    Ok(Account {
        id,
        phone_number: item.optional("phone_number", PhoneNumber::parse)?,
        status: item.parsed("status", AccountStatus::parse)?,
        credentials_at: item.seconds("credentials_at")?,
        created_at: item.seconds("created_at")?,
    })
}
