//! The records that a phone's step is checked against, read in one call to DynamoDB.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, types::KeysAndAttributes};
use aws_types::SdkConfig;
use saoma_domain::{
    client::Lookup,
    identity::Phone,
    opener::{Opener, OpenerRecords},
    ports::{Checks, RedemptionRecords, StepRecords, StoreError},
    secrets::SessionCode,
    session::Session,
    sign_in::{PhoneRecords, SignIn},
    watching::WatchRef,
};

use crate::{
    batch::{read_all, strongly},
    directory::{
        Key, PK, SK, account_from_item, account_key, client_key, looked_up, machine_from_item, machine_key,
        sign_in_from_item, sign_in_key, watchers_from_item, watchers_key,
    },
    item::{Item, Reader, text},
    session_item::{self, CODE},
};

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

    /// The keys of a phone's records, and of what else is read from the same table.
    fn directory_keys(
        &self,
        phone: &Phone,
        besides: impl IntoIterator<Item = Key>,
    ) -> Result<(String, KeysAndAttributes), StoreError> {
        let key = |Key(pk, sk): Key| HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))]);
        let phone = [sign_in_key(phone), account_key(phone.account)];
        Ok((self.directory.clone(), strongly(phone.into_iter().chain(besides).map(key).collect())?))
    }

    /// The records of a phone among the items that were read. A browser's sign-in rests on a phone's, which is read now.
    async fn phone_records(&self, found: &HashMap<String, Vec<Item>>) -> Result<PhoneRecords, StoreError> {
        let mut records = PhoneRecords::default();
        for item in found.get(&self.directory).into_iter().flatten() {
            if is_in(item, "ACCOUNT#") {
                records.account = Some(account_from_item(item)?);
            } else if is_in(item, "SIGNIN#") {
                records.sign_in = Some(sign_in_from_item(item)?);
            }
        }
        if let Some(approver) = records.sign_in.as_ref().and_then(SignIn::approver) {
            records.approver = self.sign_in(&approver).await?;
        }
        Ok(records)
    }
}

impl CheckTables {
    async fn sign_in(&self, phone: &Phone) -> Result<Option<SignIn>, StoreError> {
        let Key(pk, sk) = sign_in_key(phone);
        let key = HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))]);
        let wanted = HashMap::from([(self.directory.clone(), strongly(vec![key])?)]);
        let found = read_all(&self.client, wanted).await?;
        let item = found.get(&self.directory).and_then(|items| items.first());
        item.map(sign_in_from_item).transpose()
    }
}

/// Whether an item is in a partition of this prefix.
fn is_in(item: &Item, prefix: &str) -> bool {
    matches!(Reader(item).text(PK), Ok(partition) if partition.starts_with(prefix))
}

#[async_trait]
impl Checks for CheckTables {
    async fn phone(&self, phone: &Phone) -> Result<PhoneRecords, StoreError> {
        let found = read_all(&self.client, HashMap::from([self.directory_keys(phone, [])?])).await?;
        self.phone_records(&found).await
    }

    async fn redemption(&self, phone: &Phone, session: &Session) -> Result<RedemptionRecords, StoreError> {
        let machine = session.opener.as_ref().and_then(Opener::machine);
        let machine = machine.map(|name| machine_key(&session.client, name));
        let besides = [client_key(&session.client)].into_iter().chain(machine);
        let wanted = HashMap::from([self.directory_keys(phone, besides)?]);
        let found = read_all(&self.client, wanted).await?;
        let items = || found.get(&self.directory).into_iter().flatten();
        let client = items().find(|item| is_in(item, "CLIENT#"));
        let client = match client {
            Some(item) => looked_up(&session.client, item)?,
            None => Lookup::unregistered(&session.client, None),
        };
        let machine = items().find(|item| is_in(item, "ENROLLED#"));
        let machine = machine.map_or(Ok(None), |item| machine_from_item(&session.client, item))?;
        let browser = match session.opener.as_ref().and_then(Opener::browser) {
            Some(browser) => self.phone(browser).await?,
            None => PhoneRecords::default(),
        };
        Ok(RedemptionRecords {
            phone: self.phone_records(&found).await?,
            client,
            opener: OpenerRecords { machine, browser },
        })
    }

    async fn phone_and_session(&self, phone: &Phone, code: &SessionCode) -> Result<StepRecords, StoreError> {
        let sessions = self.sessions.as_ref();
        let sessions = sessions.ok_or_else(|| StoreError::new("this function knows no sessions"))?;
        let key = HashMap::from([(CODE.to_owned(), text(code.as_str()))]);
        let watchers = [watchers_key(&WatchRef::of(code))];
        let wanted =
            HashMap::from([self.directory_keys(phone, watchers)?, (sessions.clone(), strongly(vec![key])?)]);
        let found = read_all(&self.client, wanted).await?;
        let session = found.get(sessions).and_then(|items| items.first());
        let watchers = found.get(&self.directory).into_iter().flatten().find(|item| is_in(item, "WATCH#"));
        Ok(StepRecords {
            phone: self.phone_records(&found).await?,
            session: session.map_or(Ok(None), session_item::from_item)?,
            watchers: watchers.map_or(Ok(Vec::new()), watchers_from_item)?,
        })
    }
}
