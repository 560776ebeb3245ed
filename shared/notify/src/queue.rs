//! The SQS queue in which calls to clients' servers wait.
//!
//! The queue is a standard queue with fair delivery: each message carries its client as the message group, so a client
//! whose messages pile up or take long gets its turn after the others.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::Message};
use aws_types::SdkConfig;
use saoma_domain::{
    identity::ClientId,
    ports::{Calls, FailedCalls, Postpone, QueuedCall, StoreError, WaitingCall},
    secrets::SessionCode,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest pause that SQS takes, in seconds.
const LONGEST: u64 = 12 * 60 * 60;

/// The queue of calls.
pub struct CallQueue {
    client: Client,
    url: String,
}

impl CallQueue {
    /// The queue at this address.
    #[must_use]
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }
}

#[async_trait]
impl Calls for CallQueue {
    async fn queue(&self, call: &QueuedCall) -> Result<(), StoreError> {
        let message = self.client.send_message().queue_url(&self.url);
        let sent = message.message_body(write(call)?).message_group_id(call.client.as_str()).send().await;
        sent.map(|_| ()).map_err(|error| StoreError::at("SendMessage", &error))
    }
}

#[async_trait]
impl Postpone for CallQueue {
    async fn postpone(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        let pause = i32::try_from(pause.as_secs().min(LONGEST)).unwrap_or_default();
        let message = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let hidden = message.visibility_timeout(pause).send().await;
        hidden.map(|_| ()).map_err(|error| StoreError::at("ChangeMessageVisibility", &error))
    }
}

#[async_trait]
impl FailedCalls for CallQueue {
    /// Asks all of the queue's servers, and waits a second for an answer: a short look would miss messages.
    async fn take(&self, hidden: Duration) -> Result<Vec<WaitingCall>, StoreError> {
        let hidden = i32::try_from(hidden.as_secs().min(LONGEST)).unwrap_or_default();
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let received = receive.visibility_timeout(hidden).wait_time_seconds(1).send().await;
        let received = received.map_err(|error| StoreError::at("ReceiveMessage", &error))?;
        Ok(received.messages.unwrap_or_default().into_iter().map(waiting).collect())
    }

    async fn show_again(&self, receipt: &str) -> Result<(), StoreError> {
        self.postpone(receipt, Duration::ZERO).await
    }

    async fn remove(&self, receipt: &str) -> Result<(), StoreError> {
        let removed = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        removed.map(|_| ()).map_err(|error| StoreError::at("DeleteMessage", &error))
    }
}

fn waiting(message: Message) -> WaitingCall {
    let call = read(message.body.as_deref().unwrap_or_default());
    WaitingCall {
        message: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        handovers: 1,
        call,
    }
}

/// The text of a message.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    client: String,
    id: String,
    at: u64,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_of: Option<String>,
}

/// A call as the text of a message.
///
/// # Errors
/// Never for a call that a function made.
pub fn write(call: &QueuedCall) -> Result<String, StoreError> {
    let message = Text {
        client: call.client.to_string(),
        id: call.id.clone(),
        at: call.at.millis(),
        body: call.body.clone(),
        ticket_of: call.ticket_of.as_ref().map(ToString::to_string),
    };
    serde_json::to_string(&message).map_err(|error| StoreError::at("writing a queued call", &error))
}

/// The call that a message holds.
///
/// # Errors
/// When the text is no call. The error does not quote it.
pub fn read(text: &str) -> Result<QueuedCall, StoreError> {
    let unreadable = || StoreError::new("the message is no queued call");
    let message: Text = serde_json::from_str(text).map_err(|_| unreadable())?;
    let ticket_of = message.ticket_of.map(|code| SessionCode::parse(&code).ok_or_else(unreadable));
    Ok(QueuedCall {
        client: ClientId::parse(&message.client).ok_or_else(unreadable)?,
        id: message.id,
        at: Timestamp::from_millis(message.at),
        body: message.body,
        ticket_of: ticket_of.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(ticket_of: Option<&str>) -> QueuedCall {
        QueuedCall {
            client: ClientId::parse("region-1").unwrap(),
            id: "K7GQ2M.4".to_owned(),
            at: Timestamp::from_millis(1_800_000_000_123),
            body: r#"{"code":0}"#.to_owned(),
            ticket_of: ticket_of.map(|code| SessionCode::parse(code).unwrap()),
        }
    }

    #[test]
    fn a_call_is_read_as_it_was_written() {
        for ticket_of in [None, Some("01ARZ3NDEKTSV4RRFFQ69G5FAV")] {
            let call = call(ticket_of);
            assert_eq!(read(&write(&call).unwrap()).unwrap(), call);
        }
    }

    #[test]
    fn what_is_no_call_is_refused_and_not_quoted() {
        let written = write(&call(None)).unwrap();
        for text in [
            "",
            "null",
            "[]",
            r#"{"client": "secret-word"}"#,
            &written.replace("region-1", "no client"),
            &written.replace(r#"{"client""#, r#"{"ticketOf":"x","client""#),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), "the message is no queued call", "{text}");
        }
    }
}
