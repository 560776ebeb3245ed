//! Reads an event of the queue of calls, message by message.

use lambda_runtime::Diagnostic;
use saoma_domain::ports::WaitingCall;
use saoma_http::body::whole_characters;
use saoma_notify::queue;
use serde::Deserialize;

/// The error for an event whose messages have no id or no receipt. Lambda brings the messages again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMessages;

impl From<NoMessages> for Diagnostic {
    fn from(_: NoMessages) -> Self {
        Self {
            error_type: "NoMessages".to_owned(),
            error_message: "the event is no batch of a queue".to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Handover>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handover {
    message_id: String,
    receipt_handle: String,
    body: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
}

/// The calls of an event. A message whose text is no call becomes a failed one, so it does not stop the others.
///
/// # Errors
/// [`NoMessages`].
pub(crate) fn waiting_calls(json: &str) -> Result<Vec<WaitingCall>, NoMessages> {
    let Batch { records } = serde_json::from_str(&whole_characters(json)).map_err(|_| NoMessages)?;
    records.into_iter().map(|message| waiting(message).ok_or(NoMessages)).collect()
}

fn waiting(message: Handover) -> Option<WaitingCall> {
    let Handover { message_id, receipt_handle, body, attributes } = message;
    let named = !message_id.is_empty() && !receipt_handle.is_empty();
    named.then(|| WaitingCall {
        message: message_id,
        receipt: receipt_handle,
        // A count that cannot be read means the first time: the pause is short, and the queue counts by itself.
        handovers: attributes.approximate_receive_count.parse().unwrap_or(1),
        call: queue::read(&body),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event() -> Value {
        serde_json::from_str(include_str!("../../../events/deliver-queue.json")).unwrap()
    }

    /// The golden event, with one place of its first message changed.
    fn with(place: &str, value: Value) -> String {
        let mut event = event();
        *event["Records"][0].pointer_mut(place).unwrap() = value;
        event.to_string()
    }

    #[test]
    fn a_batch_is_read_in_its_order() {
        let read = waiting_calls(&event().to_string()).unwrap();
        assert_eq!(read.len(), 2);
        let clients: Vec<String> =
            read.iter().map(|waiting| waiting.call.as_ref().unwrap().client.to_string()).collect();
        assert_eq!(clients, ["region-1", "region-2"]);
        assert_eq!(read.iter().map(|waiting| waiting.handovers).collect::<Vec<_>>(), [1, 3]);
        let first = read.first().unwrap();
        assert_eq!(first.message, event()["Records"][0]["messageId"]);
        assert_eq!(first.receipt, event()["Records"][0]["receiptHandle"]);
        assert!(waiting_calls(r#"{"Records": []}"#).unwrap().is_empty());
    }

    #[test]
    fn a_message_that_is_no_call_fails_alone() {
        for body in ["", "{}", "null"] {
            let read = waiting_calls(&with("/body", json!(body))).unwrap();
            assert_eq!(read.iter().map(|it| it.call.is_ok()).collect::<Vec<_>>(), [false, true], "{body}");
        }
        let odd = waiting_calls(&with("/attributes/ApproximateReceiveCount", json!("many"))).unwrap();
        assert_eq!(odd.first().unwrap().handovers, 1);
    }

    #[test]
    fn what_names_no_message_is_no_batch() {
        let deep = format!("{}1{}", "[".repeat(9000), "]".repeat(9000));
        for json in ["{}", "[]", "null", "7", r#"{"Records": 7}"#, r#"{"Records": [7]}"#, &deep] {
            assert_eq!(waiting_calls(json).err(), Some(NoMessages), "{json:.40}");
        }
        for place in ["/messageId", "/receiptHandle"] {
            for value in [json!(null), json!(7), json!("")] {
                assert_eq!(waiting_calls(&with(place, value)).err(), Some(NoMessages), "{place}");
            }
        }
    }
}
