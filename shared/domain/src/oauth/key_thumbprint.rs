//! The name of a key that tokens are bound to.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The SHA-256 thumbprint of a public key in base64url (RFC 7638): `jkt` in RFC 9449 section 6.1. Who has it cannot sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyThumbprint(String);

impl KeyThumbprint {
    /// Reads 43 characters of base64url, which are 32 bytes; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(raw).ok().filter(|_| raw.len() == 43)?;
        (bytes.len() == 32).then(|| Self(raw.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_32_bytes() {
        let good = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert_eq!(KeyThumbprint::parse(good).unwrap().as_str(), good);
        for bad in ["", "x", &good[1..], &format!("{good}="), &format!("{good}AA"), &good.replace('-', "+")] {
            assert_eq!(KeyThumbprint::parse(bad), None, "{bad}");
        }
    }
}
