//! SNS: text messages, pushes to phones, the topic of login events.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_sns::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, SdkError},
    operation::{create_platform_endpoint::CreatePlatformEndpointError, publish::PublishError},
    types::MessageAttributeValue,
};
use aws_types::SdkConfig;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Push, Pushed, Sms, SmsError, StoreError, Topic, TopicMessage},
    push::{PushKind, PushMessage, PushPlatform, PushToken},
};
use serde_json::{Value, json};

/// A message's attributes.
type Attributes = HashMap<String, MessageAttributeValue>;

/// How long SNS has for its answer to a text message.
const SMS_ANSWER: Duration = Duration::from_secs(5);

/// Text messages through SNS, published straight to a number. SNS would send a repeated request as a second message,
/// so each is made once.
pub struct SnsSms(Client);

impl SnsSms {
    /// An adapter with these settings.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_timeout(SMS_ANSWER).operation_attempt_timeout(SMS_ANSWER);
        let once =
            Builder::from(config).retry_config(RetryConfig::disabled()).timeout_config(timeouts.build());
        Self(Client::from_conf(once.build()))
    }
}

#[async_trait]
impl Sms for SnsSms {
    /// Sends the message as `Transactional`, because a sign-in code is worth a carrier's better route.
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), SmsError> {
        let attributes = attributes([("AWS.SNS.SMS.SMSType", "Transactional")]).map_err(SmsError::Refused)?;
        let message = self.0.publish().phone_number(number.as_str()).message(text);
        match message.set_message_attributes(Some(attributes)).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let why = StoreError::at("Publish", &error);
                Err(if was_refused(&error) { SmsError::Refused(why) } else { SmsError::Unanswered(why) })
            }
        }
    }
}

/// Whether a request is known to have had no effect: it was never sent, or SNS answered that it is at fault (4xx).
fn was_refused(error: &SdkError<PublishError>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(answer) => answer.raw().status().is_client_error(),
        _ => false,
    }
}

/// Pushes through SNS: a platform application for each platform, an endpoint for each phone. A
/// phone's address is its endpoint's ARN.
pub struct SnsPush {
    client: Client,
    apns: Option<String>,
    fcm: Option<String>,
}

impl SnsPush {
    /// Pushes through the platform applications with these ARNs. A platform without one is not served.
    #[must_use]
    pub fn new(config: &SdkConfig, apns: Option<String>, fcm: Option<String>) -> Self {
        Self { client: Client::new(config), apns, fcm }
    }

    const fn application(&self, platform: PushPlatform) -> Option<&String> {
        match platform {
            PushPlatform::Apns => self.apns.as_ref(),
            PushPlatform::Fcm => self.fcm.as_ref(),
        }
    }
}

#[async_trait]
impl Push for SnsPush {
    fn serves(&self, platform: PushPlatform) -> bool {
        self.application(platform).is_some()
    }

    /// The existing endpoint of a token, or a new one. SNS disables an endpoint when the platform refuses its token.
    /// The phone has just presented the token, so the endpoint is enabled again.
    async fn address(&self, platform: PushPlatform, token: &PushToken) -> Result<String, StoreError> {
        let application = self
            .application(platform)
            .ok_or_else(|| StoreError::new(format!("no platform application for {}", platform.as_str())))?;
        let create = self.client.create_platform_endpoint().platform_application_arn(application);
        let endpoint = match create.token(token.reveal()).send().await {
            Ok(created) => created.endpoint_arn,
            Err(error) => match error.as_service_error().and_then(of_another_system) {
                Some(endpoint) => Some(endpoint),
                None => return Err(StoreError::at("CreatePlatformEndpoint", &error)),
            },
        };
        let endpoint = endpoint.ok_or_else(|| StoreError::new("CreatePlatformEndpoint: no ARN"))?;
        self.client
            .set_endpoint_attributes()
            .endpoint_arn(&endpoint)
            .attributes("Enabled", "true")
            .attributes("Token", token.reveal())
            .send()
            .await
            .map_err(|error| StoreError::at("SetEndpointAttributes", &error))?;
        Ok(endpoint)
    }

    async fn push(
        &self,
        platform: PushPlatform,
        address: &str,
        message: &PushMessage,
    ) -> Result<Pushed, StoreError> {
        if !is_arn(address) {
            return Ok(Pushed::Dead); // it was stored while another service pushed
        }
        let life = life(message.kind);
        let apns = [
            ("AWS.SNS.MOBILE.APNS.PUSH_TYPE", "alert"), // for the sandbox too: SNS has no name of its own for it
            ("AWS.SNS.MOBILE.APNS.TTL", life),
            ("AWS.SNS.MOBILE.APNS_SANDBOX.TTL", life),
        ];
        let attributes = match platform {
            PushPlatform::Apns => Some(attributes(apns)?),
            PushPlatform::Fcm => None, // FCM reads it from the message
        };
        let published = self
            .client
            .publish()
            .target_arn(address)
            .message_structure("json")
            .message(payload(platform, message))
            .set_message_attributes(attributes)
            .send()
            .await;
        match published {
            Ok(_) => Ok(Pushed::Accepted),
            Err(error) if error.as_service_error().is_some_and(is_dead) => Ok(Pushed::Dead),
            Err(error) => Err(StoreError::at("Publish", &error)),
        }
    }

    /// SNS answers success when it has no such endpoint.
    async fn forget(&self, address: &str) -> Result<(), StoreError> {
        if !is_arn(address) {
            return Ok(()); // not an endpoint of SNS
        }
        let deleted = self.client.delete_endpoint().endpoint_arn(address).send().await;
        deleted.map(|_| ()).map_err(|error| StoreError::at("DeleteEndpoint", &error))
    }
}

/// The existing endpoint of a token that another system registered with attributes of its own. SNS refuses to create
/// a second one, and names the first in the text of the reason alone.
fn of_another_system(error: &CreatePlatformEndpointError) -> Option<String> {
    let CreatePlatformEndpointError::InvalidParameterException(error) = error else { return None };
    let (before, _) = error.message()?.split_once(" already exists with the same Token")?;
    let (_, endpoint) = before.rsplit_once("Endpoint ")?;
    is_arn(endpoint).then(|| endpoint.to_owned())
}

/// Whether an address is an endpoint of SNS. No platform's token begins like one.
fn is_arn(address: &str) -> bool {
    address.starts_with("arn:")
}

/// Whether the phone no longer exists. SNS reports a deleted endpoint as an invalid parameter, like many other
/// mistakes; only the text of the reason tells them apart.
fn is_dead(error: &PublishError) -> bool {
    match error {
        PublishError::EndpointDisabledException(_) | PublishError::NotFoundException(_) => true,
        PublishError::InvalidParameterException(error) => {
            error.message().is_some_and(|reason| reason.contains("No endpoint found"))
        }
        _ => false,
    }
}

/// How long, in seconds, the platform tries to reach a phone that is off: as long as the longest prompt can be
/// answered, or a day for a notice.
const fn life(kind: PushKind) -> &'static str {
    match kind {
        PushKind::Prompt => "300",
        PushKind::SignedIn | PushKind::PushTaken | PushKind::NewPhone => "86400",
    }
}

/// What the phone gets: the kind and the id, and nothing else about the login (`docs/security.md` H7).
///
/// APNs shows the app's own text for `loc-key` in the phone's language, and wakes the app. FCM passes the data to
/// the app, which decides what to show (FCM HTTP v1, as SNS takes it under `GCM`).
fn payload(platform: PushPlatform, message: &PushMessage) -> String {
    let (kind, id) = (message.kind.as_str(), message.id.as_str());
    let apns = json!({
        "aps": { "alert": { "loc-key": loc_key(message.kind) }, "sound": "default", "content-available": 1 },
        "kind": kind,
        "id": id,
    });
    let fcm = json!({ "fcmV1Message": { "message": {
        "data": { "kind": kind, "id": id },
        "android": { "priority": "HIGH", "ttl": format!("{}s", life(message.kind)) },
    } } });
    // SNS requires each platform's JSON as text, and a default, which no phone of ours receives.
    let text = |json: Value| Value::String(json.to_string());
    let payload = match platform {
        PushPlatform::Apns => {
            json!({ "default": kind, "APNS": text(apns.clone()), "APNS_SANDBOX": text(apns) })
        }
        PushPlatform::Fcm => json!({ "default": kind, "GCM": text(fcm) }),
    };
    payload.to_string()
}

/// The key of a fixed text in the app.
const fn loc_key(kind: PushKind) -> &'static str {
    match kind {
        PushKind::Prompt => "SAOMA_PROMPT",
        PushKind::SignedIn => "SAOMA_SIGNED_IN",
        PushKind::PushTaken => "SAOMA_PUSH_TAKEN",
        PushKind::NewPhone => "SAOMA_NEW_PHONE",
    }
}

/// The topic of login events, on SNS.
pub struct SnsTopic {
    client: Client,
    topic: String,
}

impl SnsTopic {
    /// The topic with this ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, topic: impl Into<String>) -> Self {
        Self { client: Client::new(config), topic: topic.into() }
    }
}

#[async_trait]
impl Topic for SnsTopic {
    async fn publish(&self, message: &TopicMessage) -> Result<(), StoreError> {
        let attributes = attributes([
            ("region", message.region.as_str()),
            ("resultType", message.result_type),
            ("eventId", &message.event_id),
        ])?;
        self.client
            .publish()
            .topic_arn(&self.topic)
            .message(&message.body)
            .set_message_attributes(Some(attributes))
            .send()
            .await
            .map_err(|error| StoreError::at("Publish", &error))?;
        Ok(())
    }
}

/// Attributes of type `String`.
fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Result<Attributes, StoreError> {
    let attribute = |(name, value): (&str, &str)| -> Result<_, BuildError> {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
        Ok((name.to_owned(), value))
    };
    let attributes: Result<_, _> = pairs.into_iter().map(attribute).collect();
    attributes.map_err(|error| StoreError::at("Publish", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(platform: PushPlatform, kind: PushKind) -> Value {
        let message = PushMessage { kind, id: "opaque".to_owned() };
        serde_json::from_str(&payload(platform, &message)).unwrap()
    }

    fn inner(payload: &Value, key: &str) -> Value {
        serde_json::from_str(payload[key].as_str().unwrap()).unwrap()
    }

    // H7
    #[test]
    fn apple_phones_get_a_kind_and_an_opaque_id() {
        let payload = sent(PushPlatform::Apns, PushKind::Prompt);
        let expected = json!({
            "aps": { "alert": { "loc-key": "SAOMA_PROMPT" }, "sound": "default", "content-available": 1 },
            "kind": "prompt",
            "id": "opaque",
        });
        assert_eq!(inner(&payload, "APNS"), expected);
        assert_eq!(payload["APNS"], payload["APNS_SANDBOX"]);
        assert_eq!((&payload["default"], payload.as_object().unwrap().len()), (&json!("prompt"), 3));
    }

    // H7
    #[test]
    fn android_phones_get_a_kind_and_an_opaque_id() {
        let payload = sent(PushPlatform::Fcm, PushKind::SignedIn);
        let expected = json!({ "fcmV1Message": { "message": {
            "data": { "kind": "signed_in", "id": "opaque" },
            "android": { "priority": "HIGH", "ttl": "86400s" },
        } } });
        assert_eq!(inner(&payload, "GCM"), expected);
        assert_eq!((&payload["default"], payload.as_object().unwrap().len()), (&json!("signed_in"), 2));
    }
}
