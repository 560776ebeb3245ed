//! Phones that are signed in.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{ClientId, SignInId},
    ports::{Freshness, SignIns, StoreError},
    sign_in::SignIn,
    time::Timestamp,
};

use super::{Directory, EXPIRES_AT, Key, account_of, item_of, writes::if_held};
use crate::item::{Item, Reader, number, seconds, text};

fn key_of(phone: &SignInId) -> Key {
    Key(format!("SIGNIN#{}", phone.as_str()), "SIGNIN".into())
}

#[async_trait]
impl SignIns for Directory {
    async fn sign_in(&self, phone: &SignInId) -> Result<Option<SignIn>, StoreError> {
        let item = self.get(&key_of(phone), Freshness::Strong).await?;
        item.map(|item| read(phone, &item)).transpose()
    }

    async fn begin(&self, sign_in: &SignIn) -> Result<(), StoreError> {
        let item = item_of(
            &key_of(&sign_in.id),
            [
                ("account", number(sign_in.account)),
                ("app", text(sign_in.app.as_str())),
                ("generation", number(sign_in.generation)),
                ("revoked", AttributeValue::Bool(sign_in.revoked)),
                ("created_at", seconds(sign_in.created_at)),
                (EXPIRES_AT, seconds(sign_in.expires_at)),
            ],
        );
        self.put(item).await
    }

    async fn rotate(&self, phone: &SignInId, generation: u64, until: Timestamp) -> Result<bool, StoreError> {
        let update = self.update(key_of(phone));
        if_held(
            update
                .update_expression("SET generation = :next, expires_at = :until")
                .condition_expression("generation = :generation AND revoked = :no")
                .expression_attribute_values(":generation", number(generation))
                .expression_attribute_values(":next", number(generation + 1))
                .expression_attribute_values(":until", seconds(until))
                .expression_attribute_values(":no", AttributeValue::Bool(false)),
        )
        .await
    }

    async fn revoke(&self, phone: &SignInId) -> Result<(), StoreError> {
        let update = self.update(key_of(phone));
        let update = update.update_expression("SET revoked = :yes");
        let update = update.condition_expression("attribute_exists(pk)");
        if_held(update.expression_attribute_values(":yes", AttributeValue::Bool(true))).await?;
        Ok(())
    }
}

fn read(phone: &SignInId, item: &Item) -> Result<SignIn, StoreError> {
    let item = Reader(item);
    Ok(SignIn {
        id: phone.clone(),
        account: account_of(item)?,
        // Who signed in before apps had names did so through our own page.
        app: item.optional("app", ClientId::parse)?.unwrap_or_else(ClientId::phone),
        generation: item.number("generation")?,
        revoked: item.flag("revoked")?,
        created_at: item.seconds("created_at")?,
        expires_at: item.seconds(EXPIRES_AT)?,
    })
}
