//! How a webhook is signed: Standard Webhooks (standardwebhooks.com), version 1, symmetric keys.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use saoma_domain::ports::Webhook;
use sha2::Sha256;

/// The header `webhook-signature`: for each key `v1,` and HMAC-SHA256 over id, seconds and body, with
/// a dot between them; a space between signatures. A receiver takes any it can verify.
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
    use sha2::Digest;

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

    /// HMAC as RFC 2104 writes it down, out of nothing but SHA-256.
    fn by_hand(key: &[u8; 32], message: &str) -> String {
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        format!("v1,{}", STANDARD.encode(outer))
    }

    /// The example the standard's own libraries test with. Its key has 24 bytes; HMAC fills a key up
    /// with zeros, so ours of 32 can stand for it.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let mut key = [0; 32];
        let published = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        key[..24].copy_from_slice(&published);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&webhook(vec![key])), expected);
    }

    #[test]
    fn every_key_signs() {
        let signed = signature(&webhook(vec![[7; 32], [9; 32]]));
        let message = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(signed, format!("{} {}", by_hand(&[7; 32], message), by_hand(&[9; 32], message)));
    }
}
