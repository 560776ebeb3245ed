//! The Directory table: everything that is not a session.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `CLIENT#<id>` | `CLIENT` | a registered client |
//! | `ORIGIN#<origin>` | `ORIGIN` | that some client has registered pages of this origin |
//! | `ACCOUNT#<id>` | `ACCOUNT` | an account |
//! | `ACCOUNT#<id>` | `DEVICE#<mac>` | a machine bound to it |
//! | `ACCOUNT#<id>` | `PAIR#<client>#<policy>` | the device of its last login by QR there |
//! | `ACCOUNT#<id>` | `PROMPTS` | the last three prompts it was sent |
//! | `ACCOUNT#<id>` | `PRESENT#<phone>` | when this phone of it last asked for what waits |
//! | `ACCOUNT#<id>` | `PUSH#<token's hash>` | a phone of it that can be pushed to |
//! | `PUSH#<token's hash>` | `OWNER` | whose phone that is |
//! | `TRACE#<id>` | `TRACE` | a call of a hosted client that waits for answers |
//! | `EFFECTS#<code>` | version | what came about of a change whose record is brought again |
//! | `PHONE#<number>` | `IDENTITY` | whose telephone number it is |
//! | `SIGNIN#<phone>` | `SIGNIN` | a phone that is signed in |
//! | `SMS#<number>` | `CHALLENGE` | codes sent to a number |
//! | `SMSIP#<ip>#<day>` | `COUNT` | messages asked for from an address in a day |

mod accounts;
mod clients;
mod devices;
mod effects;
mod prompts;
mod push_endpoints;
mod sign_ins;
mod sms_challenges;
mod traces;
mod writes;

use aws_sdk_dynamodb::{Client, operation::get_item::GetItemOutput};
use aws_types::SdkConfig;
use saoma_domain::{
    identity::AccountId,
    ports::{Freshness, StoreError},
    time::Timestamp,
};

use crate::{
    failed,
    item::{Item, Reader, inconsistent, text},
};

const PK: &str = "pk";
const SK: &str = "sk";
/// The TTL attribute, in seconds, on what does not last.
const EXPIRES_AT: &str = "expires_at";

/// The Directory in a DynamoDB table.
pub struct Directory {
    client: Client,
    table: String,
}

/// An item's address.
struct Key(String, String);

impl Directory {
    /// The directory in `table`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }

    /// The first call of a process, whose only purpose is the connection it leaves open: Lambda's
    /// init phase has CPU to spare for a handshake, a handler has not. What it answers is ignored.
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

    /// The items under `pk` whose sort key begins so: the few things of one kind that one account has.
    async fn beginning_with(&self, pk: String, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("Query on directory"))?;
        Ok(found.items.unwrap_or_default())
    }

    /// Stores an item, whatever stood under its key.
    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("PutItem on directory"))?;
        Ok(())
    }
}

/// Where all that is an account's stands.
fn partition_of(account: AccountId) -> String {
    format!("ACCOUNT#{account}")
}

/// The account an item is about.
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

/// The UTC day of a moment, counted from the epoch.
const fn day_of(now: Timestamp) -> u64 {
    now.secs() / 86_400
}
