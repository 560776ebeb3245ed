//! The telephone number that a person typed or pasted.
//!
//! The library `rlibphonenumber` decides what can be a number, and of which kind it is. Mainland mobile numbers are
//! recognised by their shape without it, so most sign-ins do not pay for its start.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType};
use saoma_domain::{
    identity::PhoneNumber,
    sms_budget::SmsLimits,
    text::{fold, is_separator},
};
use saoma_http::Problem;

/// The longest text that is read as a number, in bytes once folded.
const LONGEST: usize = 64;

const INVALID: Problem = Problem::bad_request(
    "invalid_phone",
    "A telephone number is + and 8 to 15 digits, or eleven mainland digits.",
);
const NOT_SERVED: Problem =
    Problem::bad_request("country_not_served", "No messages are sent to numbers of this country or kind.");
const FIXED_LINE: Problem =
    Problem::bad_request("not_a_mobile", "This is the number of a fixed line, which gets no messages.");

/// A number that gets messages.
pub(crate) struct Served {
    /// The number.
    pub(crate) number: PhoneNumber,
    /// The calling code of its country.
    pub(crate) country: String,
}

/// How much a message to a number may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    /// The usual price for its country.
    Ordinary,
    /// More than that: premium-rate, shared-cost and personal numbers, whose owners may earn by it.
    Premium,
    /// A fixed line, which would be paid for and get nothing.
    FixedLine,
    /// It belongs to no country: satellite and other worldwide networks (+870, +881, +882, +979).
    Worldwide,
}

/// Reads the number in a body.
///
/// # Errors
/// `invalid_phone` when it can be no number; `not_a_mobile` for a fixed line; `country_not_served` when it is premium, of
/// no country, or of one that this deployment does not serve.
pub(crate) fn read_number(raw: &str, limits: &SmsLimits) -> Result<Served, Problem> {
    let read = read(raw).ok_or(INVALID)?;
    match read.kind {
        _ if !limits.serve(&read.number) => Err(NOT_SERVED),
        NumberKind::Premium | NumberKind::Worldwide => Err(NOT_SERVED),
        NumberKind::FixedLine => Err(FIXED_LINE),
        NumberKind::Ordinary => Ok(Served { number: read.number, country: read.country.to_string() }),
    }
}

/// A number, its calling code and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    number: PhoneNumber,
    country: i32,
    kind: NumberKind,
}

/// Reads a number as people write it: folded, with separators anywhere, with `+` or `00` before the
/// calling code, or a mainland mobile number with `86` or nothing before it. `None` otherwise.
fn read(raw: &str) -> Option<Read> {
    let written = without_separators(raw)?;
    let (international, digits) = match written.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, written.as_str()),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (international, digits) = match digits.strip_prefix("00") {
        Some(digits) => (true, digits),
        None => (international, digits),
    };
    let national = digits.strip_prefix("86").or((!international).then_some(digits));
    match national.and_then(PhoneNumber::mainland) {
        Some(number) => Some(Read { number, country: 86, kind: NumberKind::Ordinary }),
        None if international => look_up(digits),
        None => None,
    }
}

/// Asks the library about a number without its `+`. It drops a trunk zero, as in `+44 (0)7911 123456`,
/// where the country has one, and keeps the zero that belongs to the number, as in Italy.
///
/// Two countries write a mobile number with and without a digit that other countries dial: Argentina a 9, Mexico
/// until 2019 a 1. One phone must be one person, so the 9 is added and the 1 is dropped.
fn look_up(digits: &str) -> Option<Read> {
    let valid =
        |digits: &str| PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok().filter(Parsed::is_valid);
    let argentine = digits.strip_prefix("54").and_then(|rest| valid(&format!("549{rest}")));
    let mexican = digits.strip_prefix("521").filter(|rest| rest.len() == 10);
    let mexican = mexican.and_then(|rest| valid(&format!("52{rest}")));
    let parsed = argentine.or(mexican).or_else(|| valid(digits))?;
    let number = PhoneNumber::parse(&parsed.format_as(PhoneNumberFormat::E164))?;
    Some(Read { number, country: parsed.country_code, kind: kind_of(&parsed) })
}

fn kind_of(number: &Parsed) -> NumberKind {
    const WORLD: &str = "001"; // the United Nations' code (M49)
    let region = number.get_region_code();
    if region.is_none_or(|region| &*region.as_region_str() == WORLD) {
        return NumberKind::Worldwide;
    }
    match number.get_type() {
        PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost | PhoneNumberType::PersonalNumber => {
            NumberKind::Premium
        }
        PhoneNumberType::FixedLine => NumberKind::FixedLine,
        _ => NumberKind::Ordinary,
    }
}

/// The text without what people put between its digits: white space, dashes, dots and brackets.
fn without_separators(raw: &str) -> Option<String> {
    let folded = fold(raw).filter(|folded| folded.len() <= LONGEST)?;
    let is_punctuation = |c| matches!(c, '.' | '(' | ')' | '[' | ']' | '/');
    Some(folded.chars().filter(|c| !is_separator(*c) && !is_punctuation(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(raw: &str) -> Option<String> {
        read(raw).map(|read| read.number.as_str().to_owned())
    }

    // F8
    #[test]
    fn mainland_numbers_are_read_as_people_write_them() {
        for raw in [
            "13800138000",
            "138 0013 8000",
            "138-0013-8000",
            "138.0013.8000",
            "１３８００１３８０００",
            "\u{202A}13800138000\u{202C}",
            "\u{FEFF}138\u{A0}0013\u{A0}8000\r\n",
            "8613800138000",
            "008613800138000",
            "+008613800138000",
            "+8613800138000",
            "＋８６ 138–0013–8000",
            "(+86) 138 0013 8000",
            "+86 (0)138 0013 8000",
            "\u{200E}\u{2068}+86 138 0013 8000\u{2069}",
        ] {
            assert_eq!(e164(raw).as_deref(), Some("+8613800138000"), "{raw:?}");
        }
    }

    // F9
    #[test]
    fn a_trunk_zero_is_dropped_and_a_zero_of_the_number_is_kept() {
        for (raw, number) in [
            ("+44 (0)7911 123456", "+447911123456"),
            ("0044 7911 123456", "+447911123456"),
            ("+33 (0) 6 12 34 56 78", "+33612345678"),
            ("+49 (0)151 23456789", "+4915123456789"),
            ("+39 06 6982 1234", "+390669821234"),
            ("+39 338 1234567", "+393381234567"),
            ("+1 (415) 555-2671", "+14155552671"),
            ("+852 9123 4567", "+85291234567"),
            ("+54 9 11 2345 6789", "+5491123456789"),
            ("+54 11 2345 6789", "+5491123456789"),
            ("+52 1 55 1234 5678", "+525512345678"),
            ("+52 55 1234 5678", "+525512345678"),
        ] {
            assert_eq!(e164(raw).as_deref(), Some(number), "{raw}");
            let stored = PhoneNumber::parse(number).unwrap();
            assert_eq!(read(stored.as_str()).map(|read| read.number), Some(stored.clone()), "{raw}");
        }
    }

    // F9
    #[test]
    fn what_can_be_no_number_is_refused() {
        for raw in [
            "",
            "+",
            "00",
            "+86",
            "13800138",
            "138001380000",
            "12800138000",
            "+86138001380",
            "4155552671",
            "+0123456789",
            "+1 415 555 267",
            "+44 7911 12345",
            "+39 0 338 1234567",
            "+999123456789",
            "+1234567890123456",
            "+1 800 FLOWERS",
            "+14155552671;ext=5",
            "+14155552671+",
            "13800138000,13800138001",
            "+８６１３８٠٠١٣٨٠٠٠",
            "\0+8613800138000",
        ] {
            assert_eq!(e164(raw), None, "{raw:?}");
        }
        assert_eq!(e164(&" ".repeat(10_000)), None);
        assert_eq!(e164(&format!("1380013{}8000", "-".repeat(LONGEST))), None);
    }

    // F9
    #[test]
    fn numbers_that_cost_more_are_told_apart() {
        for (raw, kind) in [
            ("+1 900 555 1234", NumberKind::Premium),
            ("+44 909 123 4567", NumberKind::Premium),
            ("+44 7012 345678", NumberKind::Premium),
            ("+33 899 70 00 00", NumberKind::Premium),
            ("+881 6 1234 5678", NumberKind::Worldwide),
            ("+870 773 111632", NumberKind::Worldwide),
            ("+882 39 3257001527", NumberKind::Worldwide),
            ("+883 5100 12345", NumberKind::Worldwide),
            ("+979 1 2345 6789", NumberKind::Worldwide),
            ("+800 1234 5678", NumberKind::Worldwide),
            ("+881 8 1234 5678", NumberKind::Worldwide),
            ("+878 10 1234567890", NumberKind::Worldwide),
            ("+39 06 6982 1234", NumberKind::FixedLine),
            ("+86 10 6552 9988", NumberKind::FixedLine),
            ("+44 20 7946 0018", NumberKind::FixedLine),
            ("+44 7911 123456", NumberKind::Ordinary),
            ("+1 415 555 2671", NumberKind::Ordinary),
            ("13800138000", NumberKind::Ordinary),
        ] {
            assert_eq!(read(raw).map(|read| read.kind), Some(kind), "{raw}");
        }
    }

    // F9: whatever the digits, the library answers, and it reads its own answer as the same number.
    #[test]
    fn a_number_that_was_read_is_read_again_as_itself() {
        let mut read_once = 0;
        let tails = ["2".repeat(15), "07".repeat(8)];
        for (code, tail) in (1..1000).flat_map(|code| tails.iter().map(move |tail| (code, tail))) {
            for length in [8, 10, 12] {
                let typed = &format!("+{code}{tail}")[..=length];
                let Some(once) = read(typed) else { continue };
                assert_eq!(read(once.number.as_str()), Some(once), "{typed}");
                read_once += 1;
            }
        }
        assert!(read_once > 200, "{read_once}");
    }
}
