//! What reaches people. So far: text messages, through SNS.

use async_trait::async_trait;
use aws_sdk_sns::{Client, types::MessageAttributeValue};
use aws_types::SdkConfig;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Sms, StoreError},
};

/// Text messages through SNS, published straight to a number.
pub struct SnsSms(Client);

impl SnsSms {
    /// Sends with these settings.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

#[async_trait]
impl Sms for SnsSms {
    /// Sent as `Transactional`: a sign-in code is worth a carrier's better route.
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), StoreError> {
        let transactional = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("Transactional")
            .build()
            .map_err(|error| StoreError::at("Publish", &error))?;
        self.0
            .publish()
            .phone_number(number.as_str())
            .message(text)
            .message_attributes("AWS.SNS.SMS.SMSType", transactional)
            .send()
            .await
            .map_err(|error| StoreError::at("Publish", &error))?;
        Ok(())
    }
}
