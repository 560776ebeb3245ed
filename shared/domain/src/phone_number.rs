//! Telephone numbers, as they are stored.
//!
//! The accounts function reads what a person typed, with a library that knows every country's numbers. This
//! module reads stored numbers by their shape alone, so a stored number stays readable when the library's
//! rules change.

use std::fmt;

use crate::text::{fold, is_separator};

/// A telephone number in E.164: `+`, then 8 to 15 digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads exactly E.164; `None` otherwise.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = raw.strip_prefix('+')?;
        let well_formed = (8..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        well_formed.then(|| Self(raw.to_owned()))
    }

    /// Reads a mainland mobile number without its calling code: eleven digits from 13 to 19; `None`
    /// otherwise.
    #[must_use]
    pub fn mainland(national: &str) -> Option<Self> {
        let well_formed = national.len() == 11
            && national.bytes().all(|b| b.is_ascii_digit())
            && ("13".."2").contains(&national);
        well_formed.then(|| Self(format!("+86{national}")))
    }

    /// Reads a number as people write it: E.164 with spaces, dashes and parentheses, or `00` for the `+`, or a mainland
    /// mobile number without its calling code; `None` otherwise. It knows no country's rules, which takes a library.
    #[must_use]
    pub fn written(raw: &str) -> Option<Self> {
        let bare: String =
            fold(raw)?.chars().filter(|c| !is_separator(*c) && !matches!(c, '(' | ')' | '.')).collect();
        match bare.strip_prefix("00") {
            Some(international) => Self::parse(&format!("+{international}")),
            None => Self::parse(&bare).or_else(|| Self::mainland(&bare)),
        }
    }

    /// The number in E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as people at home write it: without `+86` in the mainland, E.164 elsewhere.
    #[must_use]
    pub fn national(&self) -> &str {
        self.0.strip_prefix("+86").unwrap_or(&self.0)
    }

    /// The number as others may see it: `138****8000`.
    #[must_use]
    pub fn masked(&self) -> String {
        let national = self.national();
        let (head, tail) = (national.get(..3), national.get(national.len() - 4..));
        format!("{}****{}", head.unwrap_or_default(), tail.unwrap_or_default())
    }
}

/// Numbers are personal: logs get the masked form.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_number_is_read_to_the_letter() {
        for raw in ["+8613800138000", "+14155552671", "+12345678", "+123456789012345"] {
            assert_eq!(PhoneNumber::parse(raw).unwrap().as_str(), raw);
        }
        for raw in [
            "",
            "+",
            "13800138000",
            "8613800138000",
            "+1234567",
            "+1234567890123456",
            "+0138001380",
            "+86 13800138000",
            "+86１3800138000",
            "++8613800138000",
            " +8613800138000",
        ] {
            assert_eq!(PhoneNumber::parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn mainland_mobiles_are_eleven_digits_from_13_to_19() {
        for raw in ["13000000000", "13800138000", "19999999999"] {
            assert_eq!(PhoneNumber::mainland(raw).unwrap().national(), raw);
        }
        for raw in [
            "",
            "1",
            "12800138000",
            "10000000000",
            "23800138000",
            "1380013800",
            "138001380000",
            "1380013800a",
        ] {
            assert_eq!(PhoneNumber::mainland(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for raw in [
            "+8613800138000",
            "+86 138-0013-8000",
            "13800138000",
            "138 0013 8000",
            "008613800138000",
            "＋８６ 13800138000",
        ] {
            assert_eq!(PhoneNumber::written(raw).unwrap().as_str(), "+8613800138000", "{raw}");
        }
        assert_eq!(PhoneNumber::written("+1 (415) 555-2671").unwrap().as_str(), "+14155552671");
        for raw in ["", "4155552671", "tel:+8613800138000", "00", &"1".repeat(5000)] {
            assert_eq!(PhoneNumber::written(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_masked_number_keeps_its_ends() {
        let masked = |raw| PhoneNumber::parse(raw).unwrap().masked();
        assert_eq!(masked("+8613800138000"), "138****8000");
        assert_eq!(masked("+14155552671"), "+14****2671");
    }
}
