//! The record of side effects that have already succeeded.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    effect::Effect,
    ports::{Effects, Freshness, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, item_of};
use crate::item::{Reader, inconsistent, seconds, text};

fn key_of(code: &SessionCode, version: u64) -> Key {
    Key(format!("EFFECTS#{code}"), version.to_string())
}

#[async_trait]
impl Effects for Directory {
    async fn noted(&self, code: &SessionCode, version: u64) -> Result<Vec<Effect>, StoreError> {
        let Some(item) = self.get(&key_of(code, version), Freshness::Strong).await? else {
            return Ok(Vec::new());
        };
        let effects = Reader(&item).texts("effects")?.into_iter().map(Effect::parse);
        effects.collect::<Option<_>>().ok_or_else(|| inconsistent("effects"))
    }

    async fn note(
        &self,
        code: &SessionCode,
        version: u64,
        effects: &[Effect],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let effects = effects.iter().map(|effect| text(effect.as_str())).collect();
        let attributes = [("effects", AttributeValue::L(effects)), (EXPIRES_AT, seconds(until))];
        self.put(item_of(&key_of(code, version), attributes)).await
    }
}
