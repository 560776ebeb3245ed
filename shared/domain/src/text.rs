//! Text from outside: folded before a program reads it, cleaned before people read it.
//!
//! * [`fold`]: one spelling of a number or a code, however a keyboard or a clipboard gave it.
//! * [`CleanText`]: text that may stand beside a button that signs in.

use std::{borrow::Cow, fmt};

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointMapData, props::GeneralCategory};

/// The longest text that [`fold`] reads, in bytes. It bounds the time that folding takes.
pub const LONGEST_FOLDED: usize = 2048;

/// Folds a number or a code that a person typed, pasted or scanned into one spelling.
///
/// Format characters are dropped (U+200E, U+202A, U+2068, U+FEFF, the soft hyphen), compatibility
/// forms are replaced (`１２３` by `123`, NFKC of Unicode Standard Annex 15), and white space at the
/// ends is dropped. Folding a folded text changes nothing. Every reader of a number or a code from outside calls
/// this function. `None` when `raw` is longer than [`LONGEST_FOLDED`].
#[must_use]
pub fn fold(raw: &str) -> Option<Cow<'_, str>> {
    if raw.len() > LONGEST_FOLDED {
        return None;
    }
    if raw.is_ascii() {
        return Some(Cow::Borrowed(raw.trim()));
    }
    let visible: String = raw.chars().filter(|c| !is_format(*c)).collect();
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&visible);
    Some(Cow::Owned(composed.trim().to_owned()))
}

/// Whether `c` only separates groups of a number or a code: white space or a dash.
#[must_use]
pub fn is_separator(c: char) -> bool {
    const MINUS: char = '\u{2212}';
    c.is_whitespace() || c == MINUS || category(c) == GeneralCategory::DashPunctuation
}

/// Whether `c` shows as nothing but steers the text around it (Unicode's general category Cf).
fn is_format(c: char) -> bool {
    category(c) == GeneralCategory::Format
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Text of at most `MAX` bytes (a session item is small) without control, bidirectional or invisible characters.
///
/// A phone shows what a screen says about itself, beside a button that signs in. So no character in it may
/// reorder, hide or break the words around it. Cleaning never fails: it drops characters that are not allowed and
/// cuts text that is too long (`docs/security.md` W9, W10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanText<const MAX: usize>(String);

impl<const MAX: usize> CleanText<MAX> {
    /// Cleans `raw`.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let mut kept = String::new();
        for c in raw.trim().chars().filter(|c| !is_harmful(*c)) {
            if kept.len() + c.len_utf8() > MAX {
                break;
            }
            kept.push(c);
        }
        Self(kept.trim().to_owned())
    }

    /// Cleans `raw`; `None` when nothing is left.
    #[must_use]
    pub fn non_empty(raw: &str) -> Option<Self> {
        let text = Self::new(raw);
        (!text.0.is_empty()).then_some(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for CleanText<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control and format characters, line separators, and letters and marks that show as nothing.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || is_format(c)
        || matches!(c,
            '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{2028}' | '\u{2029}' | '\u{2065}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // F8
    #[test]
    fn keyboards_and_clipboards_are_read_as_meant() {
        for (raw, folded) in [
            ("１２３４５６", "123456"),
            ("\u{202A}+86 138\u{202C}", "+86 138"),
            ("\u{200E}\u{2068}42\u{2069}", "42"),
            ("\u{FEFF}4\u{AD}2\r\n", "42"),
            ("\u{A0}＋８６\u{3000}", "+86"),
            ("①②", "12"),
            ("٤٢", "٤٢"),
            ("", ""),
        ] {
            assert_eq!(fold(raw).as_deref(), Some(folded), "{raw:?}");
        }
    }

    // F8
    #[test]
    fn a_long_text_is_not_folded() {
        assert!(fold(&"\u{FDFA}".repeat(LONGEST_FOLDED / 3)).is_some());
        assert_eq!(fold(&" ".repeat(LONGEST_FOLDED + 1)), None);
    }

    #[test]
    fn separators_are_white_space_and_dashes() {
        assert!([' ', '\u{A0}', '\n', '-', '\u{2010}', '–', '\u{2212}'].into_iter().all(is_separator));
        assert!(!['0', 'a', '.', '/', '_', '+'].into_iter().any(is_separator));
    }

    proptest! {
        // F8: text of any kind, and of the characters that folding is about.
        #[test]
        fn folding_twice_is_folding_once(raw in "\\PC*|[\\p{Cf}\\p{M}\\p{Z}\\p{Nd}\\p{Cc}a-z´ﷺ]{0,40}") {
            let once = fold(&raw).unwrap_or_default().into_owned();
            let twice = fold(&once);
            prop_assert_eq!(twice.as_deref(), Some(once.as_str()));
            prop_assert!(!once.contains(is_format));
            prop_assert_eq!(once.trim(), once.as_str());
        }
    }

    // F12: half an emoji arrives as U+FFFD, which people may see.
    #[test]
    fn a_replaced_character_is_kept() {
        assert_eq!(CleanText::<64>::new("Hall \u{FFFD} 3").as_str(), "Hall \u{FFFD} 3");
    }

    // W9 W10
    #[test]
    fn what_could_mislead_a_reader_is_dropped() {
        for (raw, clean) in [
            ("BM05", "BM05"),
            ("大厅 3 号机", "大厅 3 号机"),
            ("a\r\nb\tc\0d", "abcd"),
            ("\u{202E}evil\u{2066}x\u{2069}", "evilx"),
            ("pay\u{200B}pal\u{FEFF}", "paypal"),
            ("  padded  ", "padded"),
            ("<b>&amp;", "<b>&amp;"),
        ] {
            assert_eq!(CleanText::<64>::new(raw).as_str(), clean);
        }
    }

    #[test]
    fn length_is_cut_between_characters() {
        assert_eq!(CleanText::<10>::new("一二三四").as_str(), "一二三");
        assert_eq!(CleanText::<64>::new(&"x".repeat(10_000)).as_str().len(), 64);
        assert_eq!(CleanText::<3>::non_empty("\u{200B}"), None);
    }
}
