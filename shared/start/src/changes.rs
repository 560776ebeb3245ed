//! Reads an event of the Sessions table's stream as stored changes, record by record.

use lambda_runtime::Diagnostic;
use saoma_domain::{ports::StoreError, session::Session};
use saoma_dynamo::stream::{StreamEvent, StreamRecord};
use saoma_http::body::whole_characters;
use serde::Deserialize;
use serde_json::{Value, json};

/// A record of the Sessions table's stream: its sequence number, and the session as it was stored.
pub type StoredChange = (String, Result<Option<Session>, StoreError>);

/// The error for an event without readable sequence numbers. Lambda sends the event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoBatch;

impl From<NoBatch> for Diagnostic {
    fn from(_: NoBatch) -> Self {
        Self {
            error_type: "NoBatch".to_owned(),
            error_message: "the event is no batch of a table's stream".to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// The changes of an event, in the stream's order. A record that cannot be read becomes a failed change, so it does
/// not stop the others.
///
/// # Errors
/// [`NoBatch`], also when a record has no sequence number, because the answer could not name it.
pub(crate) fn changes(json: &str) -> Result<Vec<StoredChange>, NoBatch> {
    let Batch { records } = serde_json::from_str(&whole_characters(json)).map_err(|_| NoBatch)?;
    records.iter().map(|record| change(record).ok_or(NoBatch)).collect()
}

fn change(record: &Value) -> Option<StoredChange> {
    let number = record.pointer("/dynamodb/SequenceNumber")?.as_str().filter(|number| !number.is_empty())?;
    let number = number.to_owned();
    let alone = serde_json::from_value::<StreamEvent>(json!({ "Records": [record] }));
    let session = match alone.map(StreamEvent::into_records) {
        Ok(records) => records.into_iter().next().map(|StreamRecord { session, .. }| session)?,
        // Serde's message would quote the record, which holds a whole code.
        Err(_) => Err(StoreError::new("the record is not what a stream brings")),
    };
    Some((number, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        serde_json::from_str(include_str!("../../../events/notify-stream.json")).unwrap()
    }

    /// The golden event, with one place of its first record changed.
    fn with(place: &str, value: Value) -> String {
        let mut event = event();
        *event["Records"][0].pointer_mut(place).unwrap() = value;
        event.to_string()
    }

    #[test]
    fn a_batch_is_read_in_its_order() {
        let read = changes(&event().to_string()).unwrap();
        let numbers = read.iter().map(|(number, session)| {
            assert!(session.as_ref().unwrap().is_some());
            number.as_str()
        });
        let written = event()["Records"].as_array().unwrap().clone();
        assert!(numbers.eq(written.iter().map(|it| it["dynamodb"]["SequenceNumber"].as_str().unwrap())));
        assert!(changes(r#"{"Records": []}"#).unwrap().is_empty());
    }

    #[test]
    fn a_record_that_cannot_be_read_fails_alone() {
        for (place, value) in [
            ("/dynamodb/NewImage", json!("x")),
            ("/dynamodb/NewImage", json!([])),
            ("/dynamodb/NewImage/state", json!({"S": "approved"})),
            ("/dynamodb/NewImage/code", json!({"S": 7})),
            ("/dynamodb/NewImage/code", json!({"BOOL": true})),
            ("/dynamodb/NewImage/code", json!({})),
            ("/dynamodb/NewImage/code", json!(null)),
        ] {
            let read = changes(&with(place, value.clone())).unwrap();
            let are_read: Vec<bool> = read.iter().map(|(_, session)| session.is_ok()).collect();
            assert_eq!(are_read, [false, true], "{place} {value}");
        }
    }

    #[test]
    fn a_removal_changes_nothing() {
        let read = changes(&with("/dynamodb/NewImage", json!(null))).unwrap();
        assert!(matches!(&read[..], [(_, Ok(None)), (_, Ok(Some(_)))]));
    }

    #[test]
    fn what_names_no_records_is_no_batch() {
        let deep = format!("{}1{}", "[".repeat(9000), "]".repeat(9000));
        for json in ["{}", "[]", "null", "7", r#"{"Records": 7}"#, r#"{"Records": [7]}"#, &deep] {
            assert_eq!(changes(json).err(), Some(NoBatch), "{json:.40}");
        }
        for value in [json!(null), json!(7), json!("")] {
            assert_eq!(changes(&with("/dynamodb/SequenceNumber", value)).err(), Some(NoBatch));
        }
        assert_eq!(changes(&with("/dynamodb", json!([]))).err(), Some(NoBatch));
    }
}
