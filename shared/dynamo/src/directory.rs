//! The Directory table: everything that is not a session.
//!
//! The prefix of a partition says which functions write there. `template.yaml` gives each the right to write there and
//! nowhere else, and `make check` compares the two (`docs/security.md` K22).
//!
//! | `pk` | `sk` | what | written by |
//! |---|---|---|---|
//! | `CLIENT#<id>` | `CLIENT` | a registered client; or when one was removed, within a day | operators |
//! | `CLIENTS` | `<id>` | that there is, or was, a client of this id | operators |
//! | `ENROLLED#<client>` | name | a machine of a client, enrolled; or removed within a day | operators |
//! | `ORIGIN#<origin>` | `ORIGIN` | the clients that have registered pages of this origin | operators |
//! | `ACCOUNT#<id>` | `ACCOUNT` | an account | accounts, kiosk, pages, people, shop, web, operators |
//! | `IDENTITY#PHONE#<number>` | `IDENTITY` | the account with this telephone number | accounts, people, operators |
//! | `FOREIGN#<hash>` | `IDENTITY` | the account of a person of another issuer | kiosk, pages, shop, web, operators |
//! | `KEYSET#<address>` | `KEYSET` | the key set of another issuer, as it was fetched | kiosk, oauth, pages, shop, web |
//! | `SIGNIN#<account>` | sign-in | a sign-in of this account | accounts, kiosk, oauth, pages, people, remembered, shop, web, operators |
//! | `HISTORY#<account>` | time and a hash | what happened to this account | accounts, operators, devices, kiosk, oauth, pages, people, shop, web |
//! | `SMS#<number>` | `LANE` | the code sent to a number | accounts, people |
//! | `CHALLENGE#<id>` | `CHALLENGE` | a caller's attempt to sign in | accounts, people |
//! | `KNOWN#<account>` | sign-in | a device that has signed in with a number before | accounts, oauth, pages, people, remembered, operators |
//! | `COUNT#<budget>#<name>#<begin>#<shard>` | `COUNT` | what messages cost, and wrong codes | accounts, oauth, people |
//! | `PUZZLE#<id>` | `PUZZLE` | a puzzle that was solved and used | accounts |
//! | `SWITCH#SMS` | `SWITCH` | whether operators keep text messages in | operators |
//! | `MACHINE#<account>` | mac | a machine bound to this account | kiosk, pages, people, operators |
//! | `PAIR#<account>` | `<client>#<policy>` | the device of its last login by QR there | remembered, oauth, pages, people, operators |
//! | `VISIT#<account>` | `VISITS` | its logins at the shop | shop, pages, people, operators |
//! | `PROMPT#<account>` | `PROMPTS` | the last six prompts it was sent | remembered, oauth, people, operators |
//! | `PRESENT#<account>` | sign-in | when this phone of it last asked for prompts | remembered, people, operators |
//! | `PUSH#<account>` | the token's hash | a phone of it that can be pushed to | devices, notify, people, operators |
//! | `OWNER#<the token's hash>` | `OWNER` | the account that owns this token | devices, notify, people, operators |
//! | `TRACE#<id>` | `TRACE` | a call of a hosted client that waits for answers | remembered |
//! | `SERVER#<client>` | `SERVER` | whether an instance may wait for a client's server | deliver |
//! | `USED#<hash>` | `USED` | that an id was used which may be used once | oauth |
//! | `WATCH#<hash>` | `WATCHERS` | the screens that watch a session over a socket, or the phones that watch for questions to their person | kiosk, oauth, pages, remembered, socket, web |
//! | `EFFECTS#<code>` | version | which side effects of a change have succeeded | notify |
//!
//! The function `people` lists, ends and deletes what belongs to an account. Operators export and delete it.

mod accounts;
mod belongings;
mod challenges;
mod clients;
mod counts;
mod devices;
mod effects;
mod enrolled;
mod history;
mod key_sets;
mod known_devices;
mod leaving;
mod once;
mod prompts;
mod push_endpoints;
mod servers;
mod sign_ins;
mod switches;
mod traces;
mod tries;
mod visits;
mod watchers;
pub(crate) mod writes;

pub(crate) use accounts::{account_key, from_item as account_from_item};
pub(crate) use clients::{client_key, looked_up};
pub(crate) use enrolled::{machine_key, read as machine_from_item};
pub(crate) use sign_ins::{from_item as sign_in_from_item, key_of as sign_in_key};
pub(crate) use watchers::{from_item as watchers_from_item, watchers_key};

use aws_sdk_dynamodb::{Client, operation::get_item::GetItemOutput};
use aws_types::SdkConfig;
use saoma_domain::{
    identity::AccountId,
    ports::{Freshness, StoreError},
};

use crate::{
    failed,
    item::{Item, Reader, inconsistent, text},
};

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// The TTL attribute, in seconds, on items that expire.
const EXPIRES_AT: &str = "expires_at";

/// The Directory in a DynamoDB table.
pub struct Directory {
    client: Client,
    table: String,
}

/// An item's address.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) String, pub(crate) String);

impl Directory {
    /// The directory in `table`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Makes the first call of a process, only to open the connection: Lambda's init phase has CPU to spare for
    /// a handshake, and a handler does not. The answer is ignored.
    pub async fn warm_up(&self) {
        let _ = self.get(&Key("WARM".into(), "UP".into()), Freshness::Eventual).await;
    }

    async fn get(&self, key: &Key, freshness: Freshness) -> Result<Option<Item>, StoreError> {
        let got: GetItemOutput = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PK, text(&key.0))
            .key(SK, text(&key.1))
            .consistent_read(freshness == Freshness::Strong)
            .send()
            .await
            .map_err(failed("GetItem on directory"))?;
        Ok(got.item)
    }

    /// The items of a partition: the things of one kind that one account or one client has, or all clients.
    async fn partition(&self, pk: String) -> Result<Vec<Item>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        found.collect::<Result<_, _>>().await.map_err(failed("Query on directory"))
    }

    /// Stores an item, and overwrites the one under its key.
    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("PutItem on directory"))?;
        Ok(())
    }
}

/// The account that an item is about.
fn account_of(item: Reader<'_>) -> Result<AccountId, StoreError> {
    let number: u64 = item.number("account")?;
    AccountId::parse(&number.to_string()).ok_or_else(|| inconsistent("account"))
}

/// An item under a key.
fn item_of<const N: usize>(
    key: &Key,
    attributes: [(&str, aws_sdk_dynamodb::types::AttributeValue); N],
) -> Item {
    [(PK, text(&key.0)), (SK, text(&key.1))]
        .into_iter()
        .chain(attributes)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
