//! Writes histories for functions whose own work must not fail by it.

use std::sync::Arc;

use async_trait::async_trait;
use saoma_domain::{
    history::{Entry, EntryId},
    identity::AccountId,
    ports::{HistoryWriter, StoreError},
};

/// Writes once more when the writer behind it fails, and logs a second failure. A login or a sign-in that was stored
/// counts, whether or not its entry is in the person's history; but `oauth` gives no tokens before it is there.
pub struct LoggedHistory(pub Arc<dyn HistoryWriter>);

#[async_trait]
impl HistoryWriter for LoggedHistory {
    async fn write(&self, account: AccountId, entry: &Entry) -> Result<(), StoreError> {
        if self.0.write(account, entry).await.is_ok() {
            return Ok(());
        }
        self.0.write(account, entry).await.inspect_err(|error| {
            let what = entry.what.kind().as_str();
            tracing::warn!(cause = %error, what, "an entry of a history could not be written");
        })
    }

    async fn entry(&self, account: AccountId, id: &EntryId) -> Result<Option<Entry>, StoreError> {
        self.0.entry(account, id).await.inspect_err(|error| {
            tracing::warn!(cause = %error, "an entry of a history could not be read");
        })
    }
}
