//! The records that a phone's step is checked against, read in one call to DynamoDB.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, types::KeysAndAttributes};
use aws_types::SdkConfig;
use saoma_domain::{
    client::Lookup,
    identity::{ClientId, Phone},
    ports::{Checks, StoreError},
    secrets::SessionCode,
    session::Session,
    sign_in::PhoneRecords,
};

use crate::{
    directory::{
        Key, PK, SK, account_from_item, account_key, client_from_item, client_key, sign_in_from_item,
        sign_in_key,
    },
    failed,
    item::{Item, text},
    session_item::{self, CODE},
};

/// How often we ask again for keys that DynamoDB left out.
const MOST_ROUNDS: u32 = 4;
/// The pause before keys that were left out are asked for again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Reads over both tables.
pub struct CheckTables {
    client: Client,
    directory: String,
    sessions: Option<String>,
}

impl CheckTables {
    /// Checks against these tables. A function that uses no sessions passes no table for them.
    #[must_use]
    pub fn new(config: &SdkConfig, directory: impl Into<String>, sessions: Option<String>) -> Self {
        Self { client: Client::new(config), directory: directory.into(), sessions }
    }

    /// The items under these keys, by table. DynamoDB may leave some out under load; those are asked for again,
    /// each time after a longer pause.
    async fn read(
        &self,
        mut wanted: HashMap<String, KeysAndAttributes>,
    ) -> Result<HashMap<String, Vec<Item>>, StoreError> {
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        for round in 0..MOST_ROUNDS {
            if round > 0 {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(round - 1)).await;
            }
            let read = self.client.batch_get_item().set_request_items(Some(wanted)).send().await;
            let read = read.map_err(failed("BatchGetItem"))?;
            for (table, items) in read.responses.unwrap_or_default() {
                found.entry(table).or_default().extend(items);
            }
            wanted = read.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::new("BatchGetItem: keys were left out again and again"))
    }

    /// The keys of a phone's records, and of a client where it is asked for too.
    fn directory_keys(
        &self,
        phone: &Phone,
        client: Option<&ClientId>,
    ) -> Result<(String, KeysAndAttributes), StoreError> {
        let key = |Key(pk, sk): Key| HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))]);
        let phone = [key(sign_in_key(phone)), key(account_key(phone.account))];
        let keys = phone.into_iter().chain(client.map(|id| key(client_key(id))));
        Ok((self.directory.clone(), strongly(keys.collect())?))
    }

    fn phone_records(&self, found: &HashMap<String, Vec<Item>>) -> Result<PhoneRecords, StoreError> {
        let mut records = PhoneRecords::default();
        for item in found.get(&self.directory).into_iter().flatten() {
            // Of the items, only the account has the sort key `ACCOUNT`, and only the client `CLIENT`. A sign-in's id
            // is in lower case.
            if is_under(item, "ACCOUNT") {
                records.account = Some(account_from_item(item)?);
            } else if !is_under(item, "CLIENT") {
                records.sign_in = Some(sign_in_from_item(item)?);
            }
        }
        Ok(records)
    }
}

fn is_under(item: &Item, sort_key: &str) -> bool {
    item.get(SK) == Some(&text(sort_key))
}

#[async_trait]
impl Checks for CheckTables {
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError> {
        let found = self.read(HashMap::from([self.directory_keys(phone, None)?])).await?;
        self.phone_records(&found)
    }

    async fn phone_and_client(
        &self,
        phone: &Phone,
        client: &ClientId,
    ) -> Result<(PhoneRecords, Lookup), StoreError> {
        let found = self.read(HashMap::from([self.directory_keys(phone, Some(client))?])).await?;
        let mut items = found.get(&self.directory).into_iter().flatten();
        let stored = items.find(|item| is_under(item, "CLIENT"));
        let stored = stored.map(|item| client_from_item(client, item)).transpose()?;
        Ok((self.phone_records(&found)?, Lookup::of(client, stored)))
    }

    async fn phone_and_session(
        &self,
        phone: &Phone,
        code: &SessionCode,
    ) -> Result<(PhoneRecords, Option<Session>), StoreError> {
        let sessions = self.sessions.as_ref();
        let sessions = sessions.ok_or_else(|| StoreError::new("this function knows no sessions"))?;
        let key = HashMap::from([(CODE.to_owned(), text(code.as_str()))]);
        let wanted =
            HashMap::from([self.directory_keys(phone, None)?, (sessions.clone(), strongly(vec![key])?)]);
        let found = self.read(wanted).await?;
        let session = found.get(sessions).and_then(|items| items.first());
        Ok((self.phone_records(&found)?, session.map_or(Ok(None), session_item::from_item)?))
    }
}

fn strongly(keys: Vec<Item>) -> Result<KeysAndAttributes, StoreError> {
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
    keys.build().map_err(|error| StoreError::new(error.to_string()))
}
