//! What ties the screen in front of a person to the question on their phone (OpenID Connect CIBA Core section 7.1).

use crate::{session::MatchNumber, text::CleanText};

/// A client's words for the person whom it asks, at most 128 bytes.
pub type Words = CleanText<{ BindingMessage::LONGEST }>;

/// `binding_message`: what the client shows on its screen, and the phone shows, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingMessage {
    /// Two digits: the person picks them among three numbers.
    Number(MatchNumber),
    /// Any other text: the person compares it.
    Words(Words),
}

impl BindingMessage {
    /// The most bytes that it may have.
    pub const LONGEST: usize = 128;

    /// Reads one. `None` for a text that a phone would show otherwise than it was sent, because it is too long or has
    /// characters that show as nothing (`docs/security.md` W10), and for `00` to `09`, which no match number is.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        if let Some(number) = MatchNumber::parse(raw) {
            return (number.get() >= 10).then_some(Self::Number(number));
        }
        let words = Words::non_empty(raw).filter(|words| words.as_str() == raw.trim());
        words.map(Self::Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_a_number_to_pick() {
        for raw in ["42", " 42 ", "４２"] {
            let Some(BindingMessage::Number(number)) = BindingMessage::parse(raw) else { panic!("{raw}") };
            assert_eq!(number.get(), 42);
        }
    }

    // W10
    #[test]
    fn other_words_are_shown_as_they_were_sent_or_refused() {
        let longest = "x".repeat(BindingMessage::LONGEST);
        for good in ["7", "042", "W4SCT", "付款 7 元", "<b>", &longest] {
            let Some(BindingMessage::Words(words)) = BindingMessage::parse(good) else { panic!("{good}") };
            assert_eq!(words.as_str(), good);
        }
        for bad in ["", " ", "00", "09", "a\nb", "pay\u{202E}7", "hid\u{200B}den", &format!("{longest}x")] {
            assert_eq!(BindingMessage::parse(bad), None, "{bad:?}");
        }
    }
}
