//! Messages and pushes through a client's server, where SNS does not reach (AWS China). The server of a registered
//! client gets them as webhooks and sends them on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use saoma_domain::{
    client::{Client, WebhookUrl},
    identity::PhoneNumber,
    ports::{
        CallError, CallFailure, Clock, Push, Pushed, Randomness, Sms, SmsError, StoreError, Webhook,
        WebhookKeys, Webhooks,
    },
    push::{PushMessage, PushPlatform, PushToken},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

/// How long the server has to take a text message. Only the person who asked for it waits meanwhile.
const SMS_LIMIT: Duration = Duration::from_secs(5);
/// How long the server has to take a push. Other clients' logins wait meanwhile (`docs/security.md` K13).
const PUSH_LIMIT: Duration = Duration::from_secs(2);
/// How long no push is made after one that was not answered. A prompt becomes a QR at once meanwhile.
const PUSH_REST: Duration = Duration::from_secs(20);
/// The pauses before each attempt after the first.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Sends through a client's webhook.
pub struct Relay {
    /// Delivers the webhooks.
    pub webhooks: Arc<dyn Webhooks>,
    /// The address of the client's server.
    pub url: WebhookUrl,
    /// The client.
    pub client: Client,
    /// The keys that sign calls to it, as they are when it is called.
    pub keys: Arc<dyn WebhookKeys>,
    /// The time of a call.
    pub clock: Arc<dyn Clock>,
    /// For the ids of text messages.
    pub random: Arc<dyn Randomness>,
    /// Whether the server answers pushes.
    pub pushes: Pushes,
}

/// When a push was last not answered, as this instance knows.
#[derive(Default)]
pub struct Pushes(Mutex<Option<Instant>>);

impl Pushes {
    fn rest(&self) -> bool {
        let hung = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hung.is_some_and(|at| at.elapsed() < PUSH_REST)
    }

    fn note(&self, hung: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hung.then(Instant::now);
    }
}

impl Relay {
    /// Makes up to three attempts in quick succession. A server that does not answer gets one.
    async fn deliver(&self, id: u128, body: serde_json::Value, limit: Duration) -> Result<(), CallError> {
        let webhook = Webhook {
            url: self.url.clone(),
            id: format!("msg_{id:032x}"),
            at: self.clock.now(),
            body: body.to_string(),
            keys: self.keys.webhook_keys(&self.client, self.clock.now()),
        };
        let mut pauses = PAUSES.iter();
        loop {
            let Err(error) = self.webhooks.call(&webhook, limit).await else { return Ok(()) };
            match pauses.next().filter(|_| error.why.may_pass()) {
                Some(pause) => sleep(*pause).await,
                None => return Err(error),
            }
        }
    }
}

#[async_trait]
impl Sms for Relay {
    /// `{"type": "sms", "phone": "+86…", "text": "…"}`. A failure counts as a refusal: each attempt carries the same
    /// id, and the server did not confirm one of them.
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), SmsError> {
        let mut id = [0; 16];
        self.random.fill(&mut id);
        let body = json!({ "type": "sms", "phone": number.as_str(), "text": text });
        let sent = self.deliver(u128::from_be_bytes(id), body, SMS_LIMIT).await;
        sent.map_err(|error| SmsError::Refused(StoreError::new(error.to_string())))
    }
}

#[async_trait]
impl Push for Relay {
    /// Every platform: the client that takes messages has to reach them all.
    fn serves(&self, _: PushPlatform) -> bool {
        true
    }

    /// The token itself, because the client's server needs it.
    async fn address(&self, _: PushPlatform, token: &PushToken) -> Result<String, StoreError> {
        Ok(token.reveal().to_owned())
    }

    /// `{"type": "push", "platform": "APNs", "token": "…", "kind": "prompt", "id": "…"}`. The push counts as sent
    /// when the server accepts it. The server cannot tell whether the phone still exists.
    async fn push(
        &self,
        platform: PushPlatform,
        address: &str,
        message: &PushMessage,
    ) -> Result<Pushed, StoreError> {
        if self.pushes.rest() {
            return Err(StoreError::new("the server for pushes does not answer, and rests"));
        }
        let body = json!({
            "type": "push",
            "platform": platform.as_str(),
            "token": address,
            "kind": message.kind.as_str(),
            "id": message.id,
        });
        let sent = self.deliver(push_id(platform, address, message), body, PUSH_LIMIT).await;
        self.pushes.note(matches!(&sent, Err(CallError { why: CallFailure::NoAnswer, .. })));
        sent.map(|()| Pushed::Accepted).map_err(|error| StoreError::new(error.to_string()))
    }

    /// Does nothing: neither side keeps an address.
    async fn forget(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The id of a message to one phone. The same message to the same phone has the same id, so the server can drop a
/// repetition; another phone of the person gets another id. It is cut from a SHA-256, so it does not reveal the
/// token.
fn push_id(platform: PushPlatform, address: &str, message: &PushMessage) -> u128 {
    let mut hash = Sha256::new();
    for part in [platform.as_str(), address, message.kind.as_str(), &message.id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use saoma_domain::{identity::ClientId, push::PushKind, time::Timestamp};

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(1_800_000_000)
        }
    }

    #[derive(Default)]
    struct Counter(Mutex<u8>);

    impl Randomness for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            let mut count = self.0.lock().unwrap();
            *count += 1;
            bytes.fill(*count);
        }
    }

    struct OneKey;

    impl WebhookKeys for OneKey {
        fn webhook_keys(&self, _: &Client, _: Timestamp) -> Vec<[u8; 32]> {
            vec![[1; 32]]
        }
    }

    #[derive(Default)]
    struct Outbox(Mutex<Vec<Webhook>>);

    #[async_trait]
    impl Webhooks for Outbox {
        async fn call(&self, webhook: &Webhook, _: Duration) -> Result<(), CallError> {
            self.0.lock().unwrap().push(webhook.clone());
            let why = match &webhook.body {
                body if body.contains("busy") => CallFailure::Refused { status: 503, retry_after: None },
                body if body.contains("hang") => CallFailure::NoAnswer,
                _ => return Ok(()),
            };
            Err(CallError { host: "messages.example".to_owned(), why })
        }
    }

    fn relay() -> (Relay, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::default());
        let relay = Relay {
            webhooks: outbox.clone(),
            url: WebhookUrl::parse("https://messages.example/saoma").unwrap(),
            client: Client::built_in(&ClientId::parse(Client::DEFAULT_WEB).unwrap(), "Test").unwrap(),
            keys: Arc::new(OneKey),
            clock: Arc::new(Noon),
            random: Arc::new(Counter::default()),
            pushes: Pushes::default(),
        };
        (relay, outbox)
    }

    fn prompt(id: &str) -> PushMessage {
        PushMessage { kind: PushKind::Prompt, id: id.to_owned() }
    }

    #[tokio::test]
    async fn a_text_message_is_relayed_under_an_id_of_its_own() {
        let (relay, outbox) = relay();
        let number = PhoneNumber::parse("+8613800138000").unwrap();
        relay.send(&number, "123456").await.unwrap();
        relay.send(&number, "123456").await.unwrap();
        let sent = outbox.0.lock().unwrap();
        assert_eq!(sent[0].id, format!("msg_{}", "01".repeat(16)));
        assert_eq!(sent[1].id, format!("msg_{}", "02".repeat(16)));
        assert_eq!(sent[0].url.url().as_str(), "https://messages.example/saoma");
        assert_eq!((sent[0].at.secs(), sent[0].keys.as_slice()), (1_800_000_000, [[1; 32]].as_slice()));
        let body: serde_json::Value = serde_json::from_str(&sent[0].body).unwrap();
        assert_eq!(body, json!({ "type": "sms", "phone": "+8613800138000", "text": "123456" }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_gets_three_attempts_and_one_that_hangs_gets_one() {
        let number = PhoneNumber::parse("+8613800138000").unwrap();
        for (text, attempts, why) in [("busy", 3, "answered 503"), ("hang", 1, "no answer in time")] {
            let (relay, outbox) = relay();
            let error = relay.send(&number, text).await.unwrap_err();
            assert_eq!(error.to_string(), format!("webhook to messages.example: {why}"));
            let sent = outbox.0.lock().unwrap();
            assert_eq!(sent.len(), attempts);
            assert!(sent.iter().all(|webhook| webhook.id == sent[0].id), "one message, one id");
        }
    }

    // K13
    #[tokio::test(start_paused = true)]
    async fn pushes_rest_after_one_that_was_not_answered() {
        let (relay, outbox) = relay();
        let push = async |id| relay.push(PushPlatform::Apns, "token", &prompt(id)).await.is_ok();
        assert!(!push("hang").await && !push("fine").await);
        assert_eq!(outbox.0.lock().unwrap().len(), 1, "no second one was made");
        let number = PhoneNumber::parse("+8613800138000").unwrap();
        assert!(relay.send(&number, "123456").await.is_ok(), "who waits for a text message waits alone");
        tokio::time::advance(PUSH_REST).await;
        assert!(push("fine").await && push("fine").await);
    }

    // H7
    #[tokio::test]
    async fn a_push_says_what_happened_and_an_opaque_id() {
        let (relay, outbox) = relay();
        assert!(relay.serves(PushPlatform::Apns) && relay.serves(PushPlatform::Fcm));
        let token = PushToken::parse("a-phone-of-theirs").unwrap();
        let address = relay.address(PushPlatform::Apns, &token).await.unwrap();
        let pushed = relay.push(PushPlatform::Apns, &address, &prompt("one")).await.unwrap();
        assert_eq!(pushed, Pushed::Accepted);
        let body: serde_json::Value = serde_json::from_str(&outbox.0.lock().unwrap()[0].body).unwrap();
        let expected = json!({
            "type": "push", "platform": "APNs", "token": "a-phone-of-theirs", "kind": "prompt", "id": "one",
        });
        assert_eq!(body, expected);
        relay.forget(&address).await.unwrap();
        assert!(relay.push(PushPlatform::Apns, &address, &prompt("busy")).await.is_err());
    }

    #[tokio::test]
    async fn a_repeated_push_has_the_same_id_and_no_other_has() {
        let (relay, outbox) = relay();
        let signed_in = PushMessage { kind: PushKind::SignedIn, id: "one".to_owned() };
        relay.push(PushPlatform::Apns, "token-one", &prompt("one")).await.unwrap();
        relay.push(PushPlatform::Apns, "token-one", &prompt("one")).await.unwrap();
        relay.push(PushPlatform::Apns, "token-one", &prompt("two")).await.unwrap();
        relay.push(PushPlatform::Apns, "token-one", &signed_in).await.unwrap();
        relay.push(PushPlatform::Apns, "token-two", &prompt("one")).await.unwrap();
        relay.push(PushPlatform::Fcm, "token-one", &prompt("one")).await.unwrap();
        let mut ids: Vec<_> = outbox.0.lock().unwrap().iter().map(|sent| sent.id.clone()).collect();
        assert_eq!(ids[0], ids[1]);
        assert!(ids[0].len() == 36 && !ids[0].contains("one"));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }
}
