//! What operators switch.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::ports::{Freshness, StoreError, Switches};

use super::{Directory, Key, item_of};
use crate::item::Reader;

fn sms_key() -> Key {
    Key("SWITCH#SMS".into(), "SWITCH".into())
}

#[async_trait]
impl Switches for Directory {
    async fn sms_is_on(&self) -> Result<bool, StoreError> {
        let item = self.get(&sms_key(), Freshness::Strong).await?;
        item.map_or(Ok(true), |item| Ok(!Reader(&item).flag("off")?))
    }

    async fn switch_sms(&self, on: bool) -> Result<(), StoreError> {
        self.put(item_of(&sms_key(), [("off", AttributeValue::Bool(!on))])).await
    }
}
