//! The six-digit code in a text message.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    identity::PhoneNumber,
    ports::{KeyName, KeyedHash, Randomness},
    text::fold,
};

/// Six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsCode(String);

impl SmsCode {
    /// The code for this number and nonce. It is a keyed hash, so no table holds it. The nonce names the key, so a
    /// message that is sent again carries the same code, even if the keys were rotated meanwhile
    /// (`docs/security.md` E13). Once that key was dropped, another code follows from the same nonce.
    pub fn derive(keys: &dyn KeyedHash, number: &PhoneNumber, nonce: &CodeNonce) -> Self {
        let parts = [number.as_str(), nonce.as_str()];
        let tag = match nonce.key() {
            Some(key) => keys.keyed_hash_by(&key, "sms code", &parts),
            None => keys.keyed_hash("sms code", &parts),
        };
        let head = tag.hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self(format!("{:06}", head % 1_000_000))
    }

    /// Reads six digits as a keyboard or a clipboard gives them ([`fold`]); `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = fold(raw)?;
        let six_digits = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        six_digits.then(|| Self(digits.into_owned()))
    }

    /// The digits, for the message and for hashing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsCode(…)")
    }
}

/// Distinguishes one code of a number from the next: the name of the key it is derived with, and 128 random bits. It is
/// no secret by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeNonce(String);

impl CodeNonce {
    /// A fresh nonce, for a code under this key.
    pub fn random(key: &KeyName, random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        Self(format!("{}.{}", key.as_str(), URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The key of its code.
    #[must_use]
    pub fn key(&self) -> Option<KeyName> {
        self.0.split_once('.').and_then(|(key, _)| KeyName::parse(key))
    }

    /// From a stored nonce.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The nonce.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // F8
    #[test]
    fn six_digits_are_read_as_keyboards_give_them() {
        for raw in ["012345", "０１２３４５", " 012345\n", "\u{202A}012345\u{202C}"] {
            assert_eq!(SmsCode::parse(raw).unwrap().reveal(), "012345", "{raw:?}");
        }
        for raw in ["", "12345", "0123456", "01234a", "٠١٢٣٤٥", "+12345", "012 345"] {
            assert_eq!(SmsCode::parse(raw), None, "{raw:?}");
        }
    }
}
