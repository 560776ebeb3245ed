//! Six digits that a message carries.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    identity::PhoneNumber,
    ports::{KeyedHash, Randomness},
};

/// Six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsCode(String);

impl SmsCode {
    /// The code that a message to this number carries under this nonce. A keyed hash makes it, so no table holds
    /// the code, and a message that is sent again carries the same one.
    pub fn derive(keys: &dyn KeyedHash, number: &PhoneNumber, nonce: &CodeNonce) -> Self {
        let hash = keys.keyed_hash("sms code", &[number.as_str(), nonce.as_str()]);
        let head = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self(format!("{:06}", head % 1_000_000))
    }

    /// Reads six digits; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let six_digits = raw.len() == 6 && raw.bytes().all(|b| b.is_ascii_digit());
        six_digits.then(|| Self(raw.to_owned()))
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

/// What tells one code of a number from the next: 128 random bits. No secret by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeNonce(String);

impl CodeNonce {
    /// A fresh nonce.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 16];
        random.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
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
