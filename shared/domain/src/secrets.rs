//! Codes, secrets and their stored hashes.
//!
//! A secret here has a redacted `Debug`, no `Display` and one accessor with a loud name. It is stored only as a
//! hash and compared in constant time.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use crate::scan::DOWNLOAD_PAGE;
use crate::{
    ports::Randomness,
    text::{fold, is_separator},
};

/// Crockford's base32 alphabet: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A session's public id: 26 characters of Crockford base32, 130 random bits.
///
/// A QR holds this code and the service's address, and nothing else. A caller who knows the code may scan it and
/// see the bare state. The code alone never gives a token.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionCode(String);

impl SessionCode {
    /// Characters in a code.
    pub const LENGTH: usize = 26;

    /// A fresh code. Each character takes five bits of its own random byte, so there is no bias and no structure.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; Self::LENGTH];
        random.fill(&mut bytes);
        Self::of_bytes(bytes.iter())
    }

    /// The code that 256 bits of a keyed hash stand for. Like a random one, it takes five bits of each byte.
    #[must_use]
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        Self::of_bytes(hash.iter().take(Self::LENGTH))
    }

    fn of_bytes<'a>(bytes: impl Iterator<Item = &'a u8>) -> Self {
        Self(bytes.copied().map(letter_of).collect())
    }

    /// Reads a bare code as people and machines write it: folded ([`fold`]), any case, dashes and
    /// white space ignored, `I` and `L` read as `1`, `O` as `0` (`docs/security.md` D4), and without
    /// the slash that a reader appended. `None` when it is no code.
    ///
    /// Only the length decides: 26 characters are a code.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        letters(raw).filter(|code| code.len() == Self::LENGTH).map(Self)
    }

    /// The 26 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The letter that the last five bits of a byte stand for.
pub(crate) fn letter_of(byte: u8) -> char {
    CROCKFORD.get(usize::from(byte & 31)).map_or('0', |letter| char::from(*letter))
}

/// The letters of Crockford's alphabet in a code as people and machines write it ([`SessionCode::parse`]); `None` when
/// anything else is in it.
pub(crate) fn letters(raw: &str) -> Option<String> {
    let folded = fold(raw)?;
    let written = folded.trim_end_matches('/').chars().filter(|c| !is_separator(*c));
    let letters: String = written.map(without_look_alikes).collect();
    letters.bytes().all(|byte| CROCKFORD.contains(&byte)).then_some(letters)
}

/// The letter of Crockford's alphabet that `c` is written for.
fn without_look_alikes(c: char) -> char {
    match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    }
}

/// Logs get only the first characters of a code: enough to follow a session, too few to scan it.
impl fmt::Debug for SessionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.0.get(..6).unwrap_or_default())
    }
}

/// 256 random bits that only one party holds: a screen's secret, a refresh token, a client's secret.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The longest text accepted as a secret, in bytes.
    const LONGEST: usize = 128;

    /// A fresh secret.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 32];
        random.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A secret as a caller presented it. It is compared as given, so only the issued spelling is right. `None`
    /// when it is empty or longer than 128 bytes.
    #[must_use]
    pub fn presented(raw: &str) -> Option<Self> {
        (!raw.is_empty() && raw.len() <= Self::LONGEST).then(|| Self(raw.to_owned()))
    }

    /// A secret we made in another way than [`Secret::random`].
    pub(crate) const fn issued(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one answer that hands it over.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its hash, which is all that tables hold.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a [`Secret`]. A secret has 256 random bits, so an attacker cannot guess it from a plain hash.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The stored bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `secret` is the one this was made of, in constant time.
    #[must_use]
    pub fn matches(&self, secret: &Secret) -> bool {
        *self == secret.hash()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A token's `jti` (RFC 7519 section 4.1.7): 128 random bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenId(String);

impl TokenId {
    /// A fresh id.
    pub fn random(random: &dyn Randomness) -> Self {
        let mut bytes = [0_u8; 16];
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

/// 128 random bits in hexadecimal, for ids that are no secrets.
pub(crate) fn random_hex(random: &dyn Randomness) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// SHA-256 of parts, in hexadecimal. Moving a boundary between two parts changes the hash.
pub(crate) fn sha256_hex(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A uniform number below `bound`. Rejection sampling avoids modulo bias (`docs/security.md` D5).
pub(crate) fn uniform_below(random: &dyn Randomness, bound: u64) -> u64 {
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let mut bytes = [0_u8; 8];
        random.fill(&mut bytes);
        let drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            return drawn % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::testing::Counting;

    // D4 F8
    #[test]
    fn case_dashes_and_look_alikes_are_the_same_code() {
        let code = SessionCode::parse("01ABCDEFGHJKMNPQRSTVWXYZ01").unwrap();
        for spelling in [
            "01abcdefghjkmnpqrstvwxyz01",
            "OIABCDEFGHJKMNPQRSTVWXYZol",
            "01ABCDEF-GHJKMNPQ-RSTVWXYZ-01",
            " 01ABCDEFGHJKMNPQRSTVWXYZ0L ",
            "01ABCDEF GHJKMNPQ–RSTVWXYZ\u{2011}01/\r\n",
            "０１ＡＢＣＤＥＦＧＨＪＫＭＮＰＱＲＳＴＶＷＸＹＺ０１",
            "\u{202A}01ABCDEFGHJKM\u{AD}NPQRSTVWXYZ01\u{202C}",
        ] {
            assert_eq!(SessionCode::parse(spelling), Some(code.clone()), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for raw in [
            "",
            "0",
            "U1ABCDEFGHJKMNPQRSTVWXYZ01",
            "01ABCDEFGHJKMNPQRSTVWXYZ012",
            "01ABCDEFGHJKMNPQRSTVWXYZ0",
            "01ABCDEFGHJKMNPQRSTVWXYZ٠١",
            "/01ABCDEFGHJKMNPQRSTVWXYZ01",
        ] {
            assert_eq!(SessionCode::parse(raw), None, "{raw}");
        }
        assert_eq!(SessionCode::parse(&"-".repeat(10_000)), None);
    }

    // D5
    #[test]
    fn every_letter_is_drawn_equally_often() {
        let random = Counting::default();
        let mut seen = std::collections::HashMap::new();
        for _ in 0..4096 {
            for c in SessionCode::random(&random).as_str().chars() {
                *seen.entry(c).or_insert(0_u32) += 1;
            }
        }
        assert_eq!(seen.len(), 32);
        let (least, most) = (seen.values().min().unwrap(), seen.values().max().unwrap());
        assert!(f64::from(*most) / f64::from(*least) < 1.2, "{least}..{most}");
    }

    // J2
    #[test]
    fn debug_never_shows_a_secret() {
        let secret = Secret::random(&Counting::default());
        let shown = format!("{secret:?} {:?}", secret.hash());
        assert_eq!(shown, "Secret(…) SecretHash(…)");
        let code = SessionCode::random(&Counting::default());
        assert!(!format!("{code:?}").contains(code.as_str()));
    }

    #[test]
    fn a_hash_matches_only_its_secret() {
        let random = Counting::default();
        let (mine, yours) = (Secret::random(&random), Secret::random(&random));
        assert!(mine.hash().matches(&mine));
        assert!(!mine.hash().matches(&yours));
        assert!(Secret::presented("").is_none());
        assert!(Secret::presented(&"x".repeat(129)).is_none());
    }
}
