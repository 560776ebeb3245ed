//! The prompts people were sent, and whether a phone is there to see one.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    ports::{Freshness, Prompts, StoreError, WriteId},
    prompt_log::{NotedPrompt, Noting, PROMPT_WINDOW, PROMPTS_TO_A_PERSON, PromptLog},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, SK, item_of, writes::Written};
use crate::item::{Item, Reader, inconsistent, seconds, text};

/// The attribute that holds the places.
const NOTED: &str = "noted";

/// More attempts than a log takes prompts: each attempt that fails means that another prompt was noted.
const ATTEMPTS: usize = PROMPTS_TO_A_PERSON + 2;

fn present_partition(account: AccountId) -> String {
    format!("PRESENT#{account}")
}

fn prompts_key(account: AccountId) -> Key {
    Key(format!("PROMPT#{account}"), "PROMPTS".into())
}

/// A log as an item: a place for each prompt, newest first.
fn log_item(key: &Key, log: &PromptLog) -> Item {
    let place = |noted: &NotedPrompt| {
        AttributeValue::M(HashMap::from([
            ("at".to_owned(), seconds(noted.at)),
            ("client".to_owned(), text(noted.client.as_str())),
            ("code".to_owned(), text(noted.code.as_str())),
        ]))
    };
    let places = AttributeValue::L(log.noted().iter().map(place).collect());
    let newest = log.noted().first().map_or(Timestamp::default(), |noted| noted.at);
    item_of(key, [(NOTED, places), (EXPIRES_AT, seconds(newest.plus(2 * PROMPT_WINDOW)))])
}

/// The log that an item holds.
fn log(item: &Item) -> Result<PromptLog, StoreError> {
    let Some(AttributeValue::L(places)) = item.get(NOTED) else { return Err(inconsistent(NOTED)) };
    let prompt = |place: &AttributeValue| {
        let place = Reader(place.as_m().map_err(|_| inconsistent(NOTED))?);
        Ok(NotedPrompt {
            at: place.seconds("at")?,
            client: place.parsed("client", ClientId::parse)?,
            code: place.parsed("code", SessionCode::parse)?,
        })
    };
    Ok(PromptLog::from_stored(places.iter().map(prompt).collect::<Result<_, StoreError>>()?))
}

#[async_trait]
impl Prompts for Directory {
    /// Stores the log if it is still the one that was read. A newer log comes back with the refusal, and is decided on
    /// again. The newest prompt's code names the write, because it was drawn for this prompt alone.
    async fn note(&self, account: AccountId, prompt: &NotedPrompt) -> Result<bool, StoreError> {
        let key = prompts_key(account);
        let write = WriteId::from_stored(prompt.code.as_str());
        let mut stored = self.get(&key, Freshness::Eventual).await?;
        for _ in 0..ATTEMPTS {
            let log = stored.as_ref().map(log).transpose()?.unwrap_or_default();
            let next = match log.note(prompt.clone()) {
                Noting::Allowed(next) => next,
                Noting::Known => return Ok(true),
                Noting::TooMany => return Ok(false),
            };
            let newest = log.noted().first().map(|noted| text(noted.code.as_str()));
            let put = self.put_as(log_item(&key, &next), &write, |put| match newest {
                None => put.condition_expression("attribute_not_exists(pk)"),
                Some(newest) => put
                    .condition_expression("write_id = :newest")
                    .expression_attribute_values(":newest", newest),
            });
            match put.await? {
                Written::Stored => return Ok(true),
                Written::Refused(newer) => stored = newer,
            }
        }
        Err(StoreError::new("a prompt could not be noted: others were noted all the time"))
    }

    async fn recent(&self, account: AccountId, after: Timestamp) -> Result<Vec<SessionCode>, StoreError> {
        let stored = self.get(&prompts_key(account), Freshness::Strong).await?;
        let log = stored.as_ref().map(log).transpose()?.unwrap_or_default();
        let noted = log.noted().iter().filter(|noted| noted.at > after);
        Ok(noted.map(|noted| noted.code.clone()).collect())
    }

    async fn mark_present(&self, phone: &Phone, now: Timestamp) -> Result<(), StoreError> {
        let forget = now.plus(PROMPT_WINDOW);
        let key = Key(present_partition(phone.account), phone.sign_in.as_str().to_owned());
        self.put(item_of(&key, [("at", seconds(now)), (EXPIRES_AT, seconds(forget))])).await
    }

    async fn present(&self, account: AccountId, since: Timestamp) -> Result<Vec<SignInId>, StoreError> {
        let mut phones = Vec::new();
        for item in self.partition(present_partition(account)).await? {
            let item = Reader(&item);
            if item.seconds("at")? >= since {
                phones.push(item.parsed(SK, SignInId::parse)?);
            }
        }
        Ok(phones)
    }
}
