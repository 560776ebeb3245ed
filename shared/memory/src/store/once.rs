//! What was used, of what may be used once.

use async_trait::async_trait;
use saoma_domain::ports::{OnceOnly, OneUse, StoreError, Used, WriteId};

use super::Memory;

#[async_trait]
impl OnceOnly for Memory {
    async fn use_once(&self, used: &OneUse, write: &WriteId) -> Result<Used, StoreError> {
        self.call(|data| {
            let first = data.used.entry(used.key().to_owned()).or_insert_with(|| (used.at, write.clone()));
            if first.1 == *write { Used::First(first.0) } else { Used::Before }
        })
    }
}
