//! The match number: two digits that tie the screen in front of a person to the phone in their hand.

use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    ports::Randomness,
    secrets::{SecretHash, uniform_below},
    text::fold,
};

/// Two digits, 10 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchNumber(u8);

/// How many two-digit numbers there are.
const NUMBERS: u64 = 90;

impl MatchNumber {
    /// A fresh number, uniform over all ninety.
    pub fn random(random: &dyn Randomness) -> Self {
        Self::nth(uniform_below(random, NUMBERS))
    }

    /// Reads two digits as a keyboard or a clipboard gives them ([`fold`]); `None` otherwise.
    /// `00` to `09`, which no screen shows, are read too: sending one counts as a wrong answer.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = fold(raw)?;
        let two_digits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        two_digits.then(|| digits.parse().ok().map(Self))?
    }

    /// Reads a number that a body may leave out.
    ///
    /// # Errors
    /// When it is there and is not two digits.
    #[expect(clippy::result_unit_err, reason = "there is one way to be wrong")]
    pub fn read_optional(raw: Option<&str>) -> Result<Option<Self>, ()> {
        raw.filter(|raw| !raw.is_empty()).map(|raw| Self::parse(raw).ok_or(())).transpose()
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The three numbers a phone offers: this one and two others, in ascending order.
    ///
    /// They are derived from the stored hash of the screen's secret. Asking again shows the same three, so
    /// comparing two answers does not reveal the right one. The QR does not hold the hash, so it does not reveal
    /// them either.
    #[must_use]
    pub fn choices(self, screen: &SecretHash) -> [Self; 3] {
        let digest =
            Sha256::new().chain_update(b"match number choices").chain_update(screen.as_bytes()).finalize();
        let mut chosen = [self; 3];
        let mut others = digest
            .iter()
            .map(|byte| Self::nth(u64::from(*byte) % NUMBERS))
            .chain((0..NUMBERS).map(Self::nth));
        let second = others.by_ref().find(|n| *n != self).unwrap_or(self);
        let third = others.find(|n| *n != self && *n != second).unwrap_or(self);
        chosen[1] = second;
        chosen[2] = third;
        chosen.sort_unstable();
        chosen
    }

    fn nth(n: u64) -> Self {
        Self(u8::try_from(10 + n % NUMBERS).unwrap_or(10))
    }
}

impl std::fmt::Display for MatchNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// Whether a client requires the match number. A wrong number ends the session under every policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum MatchPolicy {
    /// Not shown.
    Off,
    /// Shown and offered; confirming without it is allowed.
    #[default]
    Show,
    /// Required.
    Pick,
}

words!(MatchPolicy);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ports::testing::Counting, secrets::Secret};

    // I1
    #[test]
    fn choices_are_three_stable_and_hold_the_right_one() {
        let random = Counting::default();
        for _ in 0..500 {
            let screen = Secret::random(&random).hash();
            let number = MatchNumber::random(&random);
            let choices = number.choices(&screen);
            assert!(choices.contains(&number));
            assert!(choices[0] < choices[1] && choices[1] < choices[2], "{choices:?}");
            assert!(choices.iter().all(|n| (10..=99).contains(&n.get())));
            assert_eq!(choices, number.choices(&screen));
        }
    }

    #[test]
    fn the_right_number_stands_in_every_place() {
        let random = Counting::default();
        let mut places = [0; 3];
        for _ in 0..600 {
            let number = MatchNumber::random(&random);
            let choices = number.choices(&Secret::random(&random).hash());
            places[choices.iter().position(|n| *n == number).unwrap()] += 1;
        }
        assert!(places.iter().all(|n| *n > 120), "{places:?}");
    }

    #[test]
    fn two_digits_are_read_and_nothing_else() {
        // F8
        for raw in ["42", "４２", " 42\r\n", "\u{200E}42"] {
            assert_eq!(MatchNumber::parse(raw).map(MatchNumber::get), Some(42), "{raw:?}");
        }
        for raw in ["", "4", "042", "4a", "-1", "٤٢"] {
            assert_eq!(MatchNumber::parse(raw), None, "{raw}");
        }
    }
}
