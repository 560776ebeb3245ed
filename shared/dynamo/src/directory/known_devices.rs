//! The devices that have signed in with a number before, each with a lane of its own.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use saoma_domain::{
    identity::{AccountId, Phone, PhoneNumber, SignInId},
    known_device::KnownDevice,
    ports::{Freshness, KnownDevices, StoreError},
    secrets::SecretHash,
};

use super::{
    Directory, EXPIRES_AT, Key, PK, SK,
    challenges::{lane_attributes, read_lane},
    item_of, sign_in_key,
    writes::{checking, putting},
};
use crate::item::{Item, Reader, bytes, seconds, text};

/// The key of a known device. It is that of its sign-in in another partition.
pub(super) fn known_key(phone: &Phone) -> Key {
    Key(format!("KNOWN#{}", phone.account), phone.sign_in.as_str().to_owned())
}

#[async_trait]
impl KnownDevices for Directory {
    async fn device(&self, phone: &Phone) -> Result<Option<KnownDevice>, StoreError> {
        self.get(&known_key(phone), Freshness::Strong).await?.as_ref().map(read_device).transpose()
    }

    async fn remember(&self, device: &KnownDevice) -> Result<(), StoreError> {
        let check = self
            .check_of(sign_in_key(&device.phone))
            .condition_expression("ended = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        let put = self.put_of(device_item(device)).condition_expression("attribute_not_exists(pk)");
        // When it is refused, the device is stored already or its sign-in was ended.
        self.transact_patiently(vec![checking(check)?, putting(put)?]).await?;
        Ok(())
    }
}

/// A device as an item.
pub(super) fn device_item(device: &KnownDevice) -> Item {
    let mut item = item_of(
        &known_key(&device.phone),
        [
            ("number", text(device.number.as_str())),
            ("secret", bytes(device.secret.as_bytes())),
            (EXPIRES_AT, seconds(device.expires_at)),
        ],
    );
    item.extend(lane_attributes(&device.lane));
    item
}

fn read_device(item: &Item) -> Result<KnownDevice, StoreError> {
    let reader = Reader(item);
    let account = reader.parsed(PK, |pk| AccountId::parse(pk.strip_prefix("KNOWN#")?))?;
    Ok(KnownDevice {
        phone: Phone { account, sign_in: reader.parsed(SK, SignInId::parse)? },
        number: reader.parsed("number", PhoneNumber::parse)?,
        secret: SecretHash::from_bytes(reader.hash("secret")?),
        expires_at: reader.seconds(EXPIRES_AT)?,
        lane: read_lane(item)?,
    })
}
