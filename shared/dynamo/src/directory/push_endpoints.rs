//! The phones that can be pushed to. Each has an item under its account, which finds it, and an item under its
//! token, which names the one owner.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::TransactWriteItem;
use saoma_domain::{
    history::Entry,
    identity::{AccountId, Phone, SignInId},
    ports::{EndpointKept, Freshness, PushEndpoints, StoreError},
    push::{PushEndpoint, PushPlatform, PushTokenId},
};

use super::{
    Directory, EXPIRES_AT, Key, SK, account_of, history, item_of,
    writes::{deleting, putting},
};
use crate::item::{Item, Reader, number, seconds, text};

/// A token changes hands only when another person signs in on its phone, so a caller loses at most so many races.
const MOST_RACES: usize = 5;

fn partition_of(account: AccountId) -> String {
    format!("PUSH#{account}")
}

fn owner_key(token: &PushTokenId) -> Key {
    Key(format!("OWNER#{}", token.as_str()), "OWNER".into())
}

fn endpoint_key(account: AccountId, token: &PushTokenId) -> Key {
    Key(partition_of(account), token.as_str().to_owned())
}

#[async_trait]
impl PushEndpoints for Directory {
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<EndpointKept, StoreError> {
        let account = endpoint.owner.account;
        let kept = self.endpoints(account).await?;
        if kept.iter().filter(|kept| kept.token != endpoint.token).count() >= PushEndpoint::MOST {
            return Ok(EndpointKept::TooMany);
        }
        for _ in 0..MOST_RACES {
            let before = self.owner(&endpoint.token).await?;
            let mut writes =
                vec![self.put_owner(endpoint, before)?, putting(self.put_of(to_item(endpoint)))?];
            let loser = before.filter(|before| *before != account);
            let taken = Entry::of_push_taken(&endpoint.token, endpoint.platform, endpoint.registered_at);
            if let Some(loser) = loser {
                writes.push(deleting(self.delete_of(endpoint_key(loser, &endpoint.token)))?);
                writes.push(putting(self.put_of(history::to_item(loser, &taken)))?);
            }
            if self.all_or_nothing(writes).await? {
                return Ok(EndpointKept::Stored { taken_from: loser.map(|loser| (loser, taken.id)) });
            }
        }
        Err(StoreError::new("lost more races than a push token has owners"))
    }

    async fn forget(&self, read: &PushEndpoint) -> Result<bool, StoreError> {
        let Phone { account, sign_in } = &read.owner;
        let endpoint = self.delete_of(endpoint_key(*account, &read.token));
        let endpoint = endpoint.condition_expression("sign_in = :read");
        let endpoint = endpoint.expression_attribute_values(":read", text(sign_in.as_str()));
        self.all_or_nothing(vec![self.delete_owner(&read.token, *account)?, deleting(endpoint)?]).await
    }

    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError> {
        let found = self.partition(partition_of(account)).await?;
        found.iter().map(|item| read(account, item)).collect()
    }
}

impl Directory {
    async fn owner(&self, token: &PushTokenId) -> Result<Option<AccountId>, StoreError> {
        let item = self.get(&owner_key(token), Freshness::Strong).await?;
        item.map(|item| account_of(Reader(&item))).transpose()
    }

    /// Gives a token to the account of `endpoint`, if its owner is still the one that was read.
    fn put_owner(
        &self,
        endpoint: &PushEndpoint,
        before: Option<AccountId>,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = self.put_of(item_of(
            &owner_key(&endpoint.token),
            [("account", number(endpoint.owner.account)), (EXPIRES_AT, seconds(endpoint.forget_at()))],
        ));
        putting(match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("account = :before")
                .expression_attribute_values(":before", number(before)),
        })
    }

    /// Takes a token from an account, if the account owns it.
    fn delete_owner(&self, token: &PushTokenId, account: AccountId) -> Result<TransactWriteItem, StoreError> {
        let delete = self.delete_of(owner_key(token));
        let delete = delete.condition_expression("account = :theirs");
        deleting(delete.expression_attribute_values(":theirs", number(account)))
    }
}

fn to_item(endpoint: &PushEndpoint) -> Item {
    item_of(
        &endpoint_key(endpoint.owner.account, &endpoint.token),
        [
            ("platform", text(endpoint.platform.as_str())),
            ("address", text(endpoint.address.as_str())),
            ("sign_in", text(endpoint.owner.sign_in.as_str())),
            ("registered_at", seconds(endpoint.registered_at)),
            (EXPIRES_AT, seconds(endpoint.forget_at())),
        ],
    )
}

fn read(account: AccountId, item: &Item) -> Result<PushEndpoint, StoreError> {
    let item = Reader(item);
    Ok(PushEndpoint {
        token: PushTokenId::from_stored(item.text(SK)?),
        platform: item.parsed("platform", PushPlatform::parse)?,
        address: item.text("address")?.to_owned(),
        owner: Phone { account, sign_in: item.parsed("sign_in", SignInId::parse)? },
        registered_at: item.seconds("registered_at")?,
    })
}
