//! The Sessions table's stream: the records that Lambda passes on, as sessions.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use saoma_domain::{ports::StoreError, session::Session};
use serde::Deserialize;

use crate::{item::Item, session_item::from_item};

/// One stored change of a session.
#[derive(Debug)]
pub struct StreamRecord {
    /// The record's sequence number, by which the batch's answer names it.
    pub sequence_number: String,
    /// The session as it was stored; `None` for a removal, which has no effects.
    pub session: Result<Option<Session>, StoreError>,
}

/// The event of a DynamoDB stream, with only the fields that we read.
#[derive(Debug, Deserialize)]
pub struct StreamEvent {
    #[serde(rename = "Records", default)]
    records: Vec<RawRecord>,
}

#[derive(Debug, Deserialize)]
struct RawRecord {
    dynamodb: RawChange,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawChange {
    sequence_number: String,
    new_image: Option<HashMap<String, RawValue>>,
}

/// An attribute as the stream spells it: the kinds that a session has.
#[derive(Debug, Deserialize)]
enum RawValue {
    S(String),
    N(String),
    #[serde(rename = "B", with = "encoded")]
    Bytes(Vec<u8>),
}

impl StreamEvent {
    /// The records, in the stream's order.
    #[must_use]
    pub fn into_records(self) -> Vec<StreamRecord> {
        let records = self.records.into_iter().map(|RawRecord { dynamodb }| dynamodb);
        records
            .map(|RawChange { sequence_number, new_image }| StreamRecord {
                sequence_number,
                session: new_image.map_or(Ok(None), |image| from_item(&item(image))),
            })
            .collect()
    }
}

fn item(image: HashMap<String, RawValue>) -> Item {
    let attribute = |value| match value {
        RawValue::S(text) => AttributeValue::S(text),
        RawValue::N(digits) => AttributeValue::N(digits),
        RawValue::Bytes(bytes) => AttributeValue::B(Blob::new(bytes)),
    };
    image.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

mod encoded {
    //! Bytes in Base64.

    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
