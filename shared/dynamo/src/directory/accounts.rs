//! Accounts and the telephone numbers they sign in with.

use std::net::IpAddr;

use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure};
use saoma_domain::{
    account::{Account, AccountStatus, Visits},
    identity::{AccountId, PhoneNumber},
    ports::{Accounts, Freshness, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Directory, Key, account_of, item_of, partition_of, writes::putting};
use crate::{
    failed,
    item::{Item, Reader, number, seconds, text},
};

fn account_key(id: AccountId) -> Key {
    Key(partition_of(id), "ACCOUNT".into())
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
        self.account(account_of(Reader(&item))?).await
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
        let new = |item| putting(self.put_of(item).condition_expression("attribute_not_exists(pk)"));
        self.all_or_nothing(puts.into_iter().map(new).collect::<Result<_, _>>()?).await
    }

    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let counted = self
            .update(account_key(id))
            .update_expression(COUNT_VISIT)
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(visit) OR visit <> :session)",
            )
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":session", text(session.as_str()))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":ip", text(ip.map(|ip| ip.to_string()).unwrap_or_default()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match counted {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(why)) if why.item.is_some() => Ok(()),
                _ => Err(failed("UpdateItem on directory")(error)),
            },
        }
    }

    async fn visits(&self, id: AccountId) -> Result<Visits, StoreError> {
        let item = self.get(&account_key(id), Freshness::Strong).await?.unwrap_or_default();
        if item.contains_key("visits") { read_visits(&item) } else { Ok(Visits::default()) }
    }
}

/// The attributes that count an account's visits. They stand in the account's own item, so that
/// counting is one write, and [`read`] leaves them alone.
const COUNT_VISIT: &str = "SET visits = if_not_exists(visits, :none) + :one, visit = :session, \
                           visited_at = :now, visited_from = :ip";

fn read_visits(item: &Item) -> Result<Visits, StoreError> {
    let item = Reader(item);
    Ok(Visits {
        count: item.number("visits")?,
        last_at: item.seconds("visited_at")?,
        last_ip: item.text("visited_from")?.parse().ok(),
    })
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
