//! The record of side effects that have already succeeded.

use async_trait::async_trait;
use saoma_domain::{
    effect::Effect,
    ports::{Effects, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::Memory;

#[async_trait]
impl Effects for Memory {
    async fn noted(&self, code: &SessionCode, version: u64) -> Result<Vec<Effect>, StoreError> {
        self.call(|data| data.effects.get(&(code.clone(), version)).cloned().unwrap_or_default())
    }

    async fn note(
        &self,
        code: &SessionCode,
        version: u64,
        effects: &[Effect],
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            data.effects.insert((code.clone(), version), effects.to_vec());
        })
    }
}
