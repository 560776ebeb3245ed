//! What was used, of what may be used once.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use saoma_domain::ports::{OnceOnly, OneUse, StoreError, Used, WriteId};

use super::{
    Directory, EXPIRES_AT, Key, item_of,
    writes::{WRITE_ID, is_of},
};
use crate::item::{Reader, seconds, text};

#[async_trait]
impl OnceOnly for Directory {
    async fn use_once(&self, used: &OneUse, write: &WriteId) -> Result<Used, StoreError> {
        let key = Key(format!("USED#{}", used.key()), "USED".into());
        let attributes = [
            ("used_at", seconds(used.at)),
            (EXPIRES_AT, seconds(used.until)),
            (WRITE_ID, text(write.as_str())),
        ];
        let unused = |put: PutItemFluentBuilder| put.condition_expression("attribute_not_exists(pk)");
        match self.put_if(item_of(&key, attributes), unused).await? {
            Ok(()) => Ok(Used::First(used.at)),
            Err(Some(item)) if is_of(&item, write) => Ok(Used::First(Reader(&item).seconds("used_at")?)),
            Err(_) => Ok(Used::Before),
        }
    }
}
