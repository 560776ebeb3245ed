//! Text for a terminal: one character is two modules, one above the other.

use crate::{Margin, Symbol};

/// Black on white, whatever colours the terminal has: a reader fails on white on black (ECMA-48 section 8.3.117, with
/// the 256 colours that terminals have).
const BLACK_ON_WHITE: &str = "\u{1B}[38;5;16;48;5;231m";
const RESET: &str = "\u{1B}[0m";

/// The symbol as lines of block characters, `margin` white modules around it. A line is as wide as it is long, and each
/// ends with a line break.
#[must_use]
pub fn terminal(symbol: &Symbol, margin: Margin) -> String {
    let margin = margin.modules();
    let side = symbol.width() + 2 * margin;
    let rows: Vec<_> = symbol.rows().collect();
    let is_dark = |x: usize, y: usize| {
        let row = y.checked_sub(margin).and_then(|y| rows.get(y));
        row.zip(x.checked_sub(margin)).and_then(|(row, x)| row.get(x)).copied().unwrap_or_default()
    };
    let line = |y: usize| {
        let blocks: String = (0..side).map(|x| block(is_dark(x, y), is_dark(x, y + 1))).collect();
        format!("{BLACK_ON_WHITE}{blocks}{RESET}\n")
    };
    (0..side).step_by(2).map(line).collect()
}

const fn block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}
