//! The name of one write.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Randomness;

/// Names one logical write: 96 random bits, drawn once and kept across retries.
///
/// A store keeps it beside the record it wrote. The SDK repeats a request whose answer was lost, and the
/// repetition's condition fails because the first request succeeded. A failed condition on an item that holds
/// our id is therefore a success. Comparing contents is not enough: two parallel wrong tries write equal records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteId(String);

impl WriteId {
    /// A fresh id.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 12];
        random.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// From a stored id.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
