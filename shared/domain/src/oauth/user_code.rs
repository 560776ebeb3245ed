//! The code that a person types (RFC 8628 section 6.1).

use std::fmt;

use crate::{
    ports::{KeyedHash, Randomness},
    secrets::{SessionCode, uniform_below},
    text::{fold, is_separator},
};

/// Consonants that are hard to confuse, and that spell no words (RFC 8628 section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// What the keyed hash is for.
const PURPOSE: &str = "user code";

/// A user code: 12 of 20 consonants, 51.8 random bits, shown as `XXXX-XXXX-XXXX`.
///
/// It names a session whose code is a keyed hash of it. So a session that a person types needs no index, and a dump of
/// the table holds no user code.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Characters in a code, without dashes.
    pub const LENGTH: usize = 12;
    /// How many letters there are to choose from.
    pub const LETTERS: u64 = ALPHABET.len() as u64;
    const GROUP: usize = 4;

    /// A fresh code, every letter equally likely (`docs/security.md` D5).
    pub fn random(random: &dyn Randomness) -> Self {
        let letter = |()| {
            let drawn = usize::try_from(uniform_below(random, Self::LETTERS)).unwrap_or_default();
            ALPHABET.get(drawn).map(|letter| char::from(*letter))
        };
        Self(std::iter::repeat_n((), Self::LENGTH).filter_map(letter).collect())
    }

    /// Reads a code as people type it: folded ([`fold`]), any case, dashes and white space anywhere. `None` when it is
    /// no code. No letter is read as another one, because the alphabet has no look-alikes.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let folded = fold(raw)?;
        let written = folded.chars().filter(|c| !is_separator(*c));
        let code: String = written.map(|c| c.to_ascii_uppercase()).collect();
        let well_formed = code.len() == Self::LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
        well_formed.then_some(Self(code))
    }

    /// The code of the session that it names, under the key that is current.
    #[must_use]
    pub fn session_code(&self, keys: &dyn KeyedHash) -> SessionCode {
        SessionCode::of_hash(&keys.keyed_hash(PURPOSE, &[&self.0]).hash)
    }

    /// The codes of the sessions that it may name, one for each key that counts: the keys may have been rotated since
    /// it was shown (`docs/security.md` E13).
    #[must_use]
    pub fn session_codes(&self, keys: &dyn KeyedHash) -> Vec<SessionCode> {
        let under = |name| keys.keyed_hash_under(&name, PURPOSE, &[&self.0]);
        keys.key_names().into_iter().filter_map(under).map(|tag| SessionCode::of_hash(&tag.hash)).collect()
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: Vec<_> = self.0.chars().collect();
        let groups: Vec<String> = letters.chunks(Self::GROUP).map(|group| group.iter().collect()).collect();
        f.write_str(&groups.join("-"))
    }
}

/// A reader of the log could claim the session of a code, so logs get no code.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::testing::Counting;

    // D4
    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = UserCode::parse("BCDF-GHJK-LMNP").unwrap();
        for typed in [
            "bcdfghjklmnp",
            " BCDF GHJK LMNP\n",
            "bcdf–ghjk—lmnp",
            "\u{202A}BCDF-GHJK-LMNP\u{202C}",
            "ＢＣＤＦ－ＧＨＪＫ－ＬＭＮＰ",
        ] {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
        }
        assert_eq!(code.to_string(), "BCDF-GHJK-LMNP");
        for bad in
            ["", "BCDF-GHJK-LMN", "BCDF-GHJK-LMNPQ", "ACDF-GHJK-LMNP", "8CDF-GHJK-LMNP", "BCDF_GHJK_LMNP"]
        {
            assert_eq!(UserCode::parse(bad), None, "{bad}");
        }
    }

    // D5
    #[test]
    fn letters_are_equally_frequent() {
        let random = Counting::default();
        let mut counts = [0_u32; 256];
        for _ in 0..10_000 {
            for letter in UserCode::random(&random).0.bytes() {
                counts[usize::from(letter)] += 1;
            }
        }
        let expected = 10_000 * 12 / 20;
        for letter in ALPHABET {
            let count = counts[usize::from(*letter)];
            assert!(count.abs_diff(expected) < expected / 15, "{}: {count}", char::from(*letter));
        }
    }

    // J2
    #[test]
    fn a_log_gets_no_code() {
        assert_eq!(format!("{:?}", UserCode::random(&Counting::default())), "UserCode(…)");
    }
}
