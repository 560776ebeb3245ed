//! Text that strangers send and people will read.

use std::fmt;

/// Text of at most `MAX` bytes (a session item is small) without control, bidirectional or invisible characters.
///
/// Whatever a screen says of itself ends up on a phone beside a button that signs in, so nothing in
/// it may reorder, hide or break the words around it. Cleaning never fails: what is not allowed is
/// dropped, what is too long is cut (ADVERSARIES W9, W10).
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

/// Control characters (C0, C1), bidirectional controls and characters that show as nothing.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
