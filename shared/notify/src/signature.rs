//! How a webhook is signed: Standard Webhooks (standardwebhooks.com), version 1, symmetric keys.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use saoma_domain::ports::Webhook;
use sha2::Sha256;

/// The header `webhook-signature`: for each key `v1,` and HMAC-SHA256 over id, seconds and body, with dots between
/// them. Spaces separate the signatures. A receiver accepts any that it can verify.
#[must_use]
pub fn signature(webhook: &Webhook) -> String {
    let signatures: Vec<_> = webhook.keys.iter().map(|key| signed(key, webhook)).collect();
    signatures.join(" ")
}

fn signed(key: &[u8; 32], webhook: &Webhook) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(format!("{}.{}.", webhook.id, webhook.at.secs()).as_bytes());
    mac.update(webhook.body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use saoma_domain::{client::WebhookUrl, time::Timestamp};

    use super::*;

    fn webhook(keys: Vec<[u8; 32]>) -> Webhook {
        Webhook {
            url: WebhookUrl::parse("https://hooks.example/").unwrap(),
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            at: Timestamp::from_millis(1_614_265_330_999),
            body: r#"{"test": 2432232314}"#.to_owned(),
            keys,
        }
    }

    /// The example that the standard's own libraries test with. Its key has 24 bytes. HMAC fills a key
    /// up with zeros, so 32 bytes that end in zeros are the same key.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let mut key = [0; 32];
        let published = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        key[..24].copy_from_slice(&published);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&webhook(vec![key])), expected);
    }

    /// The standard's own library, which shares no code with ours, makes the same signatures.
    #[test]
    fn every_key_signs() {
        let signed = signature(&webhook(vec![[7; 32], [9; 32]]));
        let theirs = |key: [u8; 32]| {
            let library = standardwebhooks::Webhook::from_bytes(key.to_vec()).unwrap();
            library.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap()
        };
        assert_eq!(signed, format!("{} {}", theirs([7; 32]), theirs([9; 32])));
    }
}
