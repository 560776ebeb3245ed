//! The symbol as lines of a terminal.

use rqrr::PreparedImage;
use saoma_qr::{Level, Margin, Symbol, terminal};

use super::session;

/// The side of a module in the picture that the reader gets.
const PIXELS: usize = 4;

/// The lines without their colours, as rows of dark and light half blocks.
fn pixels(lines: &str) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for line in lines.lines() {
        let blocks =
            line.strip_prefix("\u{1B}[38;5;16;48;5;231m").unwrap().strip_suffix("\u{1B}[0m").unwrap();
        rows.push(blocks.chars().map(|block| "█▀".contains(block)).collect());
        rows.push(blocks.chars().map(|block| "█▄".contains(block)).collect());
    }
    rows
}

// G4
#[test]
fn a_reader_reads_the_terminal() {
    let text = session("https://login.example.com");
    let symbol = Symbol::encode(&text, Level::M).unwrap();
    let rows = pixels(&terminal(&symbol, Margin::QUIET_ZONE));
    assert!(rows.iter().all(|row| row.len() == symbol.width() + 8), "every line is as wide");
    assert!(rows.len() >= symbol.width() + 8);
    let shade = |x: usize, y: usize| if rows[y / PIXELS][x / PIXELS] { 0 } else { 255 };
    let (width, height) = (rows[0].len() * PIXELS, rows.len() * PIXELS);
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, shade);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1);
    assert_eq!(grids[0].decode().unwrap().1, text);
}
