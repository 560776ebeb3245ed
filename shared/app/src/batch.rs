//! What a function answers about a batch of records or messages.

use serde::Serialize;

/// The batch's answer: which of its items Lambda brings again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The items that failed.
    pub batch_item_failures: Vec<Failed>,
}

/// An item that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its id: a record's sequence number, or a message's id.
    pub item_identifier: String,
}

impl BatchAnswer {
    /// The answer that names these items.
    #[must_use]
    pub fn failed(ids: impl IntoIterator<Item = String>) -> Self {
        let failed = ids.into_iter().map(|item_identifier| Failed { item_identifier });
        Self { batch_item_failures: failed.collect() }
    }
}
