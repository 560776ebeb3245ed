//! Text to modules.

use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec;
use qrcode::optimize::{Optimizer, Segment, total_encoded_len};
use qrcode::types::Mode;
use qrcode::{Color, EcLevel, Version};

use crate::picture::Layout;
use crate::{Picture, QrError};

/// How much of a symbol may be lost before readers fail (ISO/IEC 18004, section 7.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// About 7 %.
    L,
    /// About 15 %: for a symbol on a clean screen.
    M,
    /// About 25 %.
    Q,
    /// About 30 %: for a symbol with a logo over it.
    H,
}

/// A QR symbol: a square of dark and light modules, without quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    width: usize,
    dark: Vec<bool>,
    logo_modules: usize,
}

/// The one mask we use. Any mask is legal; trying all eight and scoring them, as encoders usually do, takes 98 % of
/// an encoder's time. Over random session texts this one scores best most often.
const MASK: MaskPattern = MaskPattern::DiagonalLines;

impl Symbol {
    /// Longest text, in bytes.
    pub const MAX_TEXT: usize = 512;

    /// Encodes `text` in the smallest version that holds it: in alphanumeric mode where that is shorter, else in byte
    /// mode.
    pub fn encode(text: &str, level: Level) -> Result<Self, QrError> {
        if text.is_empty() || text.len() > Self::MAX_TEXT {
            return Err(QrError::TextLength(text.len()));
        }
        let level = level.into();
        let (version, segments) = smallest_version(text, level).ok_or(QrError::TextLength(text.len()))?;
        draw(text, segments, version, level).map_err(QrError::encoding)
    }

    /// Encodes `text` for one picture: at the strongest level that suits it and still leaves the modules large enough
    /// to read. That is M, or H below a logo; in a very small picture it may be less.
    ///
    /// Readers of symbols from version 7 look for an alignment pattern in the middle, where a logo would hide it. A
    /// text that needs such a symbol is drawn without its logo.
    pub fn fit(text: &str, picture: Picture) -> Result<Self, QrError> {
        const PLAIN: [Level; 2] = [Level::M, Level::L];
        const UNDER_A_LOGO: [Level; 4] = [Level::H, Level::Q, Level::M, Level::L];
        let strongest = |levels: &[Level], fits: &dyn Fn(&Self) -> bool| {
            levels.iter().filter_map(|&level| Self::encode(text, level).ok()).find(|symbol| fits(symbol))
        };
        let readable = |symbol: &Self| symbol.fits(picture);
        picture
            .logo
            .and_then(|_| strongest(&UNDER_A_LOGO, &|symbol| symbol.logo_modules > 0 && readable(symbol)))
            .or_else(|| strongest(&PLAIN, &readable))
            .map_or_else(|| Self::encode(text, Level::L), Ok)
    }

    /// Whether `picture` is large enough for a reader to make out the modules.
    #[must_use]
    pub fn fits(&self, picture: Picture) -> bool {
        Layout::new(self, picture).is_ok()
    }

    /// Modules along one side.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of modules from top to bottom; `true` is dark.
    pub fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks_exact(self.width)
    }

    /// Modules along one side of the largest square that may be covered in the middle: an odd number, or 0.
    pub(crate) fn logo_modules(&self) -> usize {
        self.logo_modules
    }
}

impl From<Level> for EcLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::L => Self::L,
            Level::M => Self::M,
            Level::Q => Self::Q,
            Level::H => Self::H,
        }
    }
}

/// The smallest version that holds `text`, and how the text is divided in it.
fn smallest_version(text: &str, level: EcLevel) -> Option<(Version, Vec<Segment>)> {
    // A segment's header grows after versions 9 and 26, so the division is made anew for each range.
    [1..=9, 10..=26, 27..=40].into_iter().find_map(|range| {
        let segments = divide(text, Version::Normal(*range.end()));
        let needed = total_encoded_len(&segments, Version::Normal(*range.end()));
        let holds = |version: &Version| Bits::new(*version).max_len(level).is_ok_and(|most| needed <= most);
        range.map(Version::Normal).find(holds).map(|version| (version, segments))
    })
}

/// Divides `text` into alphanumeric and byte segments. `qrcode` joins neighbours where one segment is shorter than two.
///
/// `qrcode`'s own parser would also cut at every digit of a host or a code. The pieces are then so short that
/// they are joined to the bytes before them, and the text ends up in byte mode.
fn divide(text: &str, version: Version) -> Vec<Segment> {
    let runs = text.as_bytes().chunk_by(|left, right| is_alphanumeric(*left) == is_alphanumeric(*right));
    let segments = runs.scan(0, |begin, run| {
        let mode =
            if run.first().copied().is_some_and(is_alphanumeric) { Mode::Alphanumeric } else { Mode::Byte };
        let segment = Segment { mode, begin: *begin, end: *begin + run.len() };
        *begin = segment.end;
        Some(segment)
    });
    Optimizer::new(segments, version).collect()
}

/// Whether `byte` is in the QR's alphanumeric alphabet (ISO/IEC 18004, table 5).
fn is_alphanumeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b' ' | b'$' | b'%' | b'*' | b'+' | b'-' | b'.' | b'/' | b':')
}

fn draw(
    text: &str,
    segments: Vec<Segment>,
    version: Version,
    level: EcLevel,
) -> Result<Symbol, qrcode::types::QrError> {
    let mut bits = Bits::new(version);
    bits.push_segments(text.as_bytes(), segments.into_iter())?;
    bits.push_terminator(level)?;
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level)?;

    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MASK);

    let width = usize::from(version.width().unsigned_abs());
    let correctable = ec::max_allowed_errors(version, level)?;
    Ok(Symbol {
        width,
        dark: canvas.into_colors().into_iter().map(|colour| colour == Color::Dark).collect(),
        logo_modules: coverable(width, correctable),
    })
}

/// The largest centred square, in modules, that a logo may cover: it stays clear of every pattern readers steer by,
/// and destroys at most half of the codewords that error correction can restore. The other half is for reflections,
/// a cracked screen and a moving hand.
fn coverable(width: usize, correctable: usize) -> usize {
    /// Version 6 is the last without an alignment pattern in the middle.
    const WIDEST: usize = 41;
    // Finders with their separators and format take nine modules on each side, the alignment pattern nine on one.
    let clear = if width > WIDEST { 0 } else { width.saturating_sub(18) };
    (1..=clear).step_by(2).take_while(|&side| codewords_under(side) <= correctable / 2).last().unwrap_or(0)
}

/// At most how many codewords a centred square of `side` modules touches. Codewords run in columns two modules wide;
/// a stretch of `2 * side` modules of such a column touches at most `(2 * side + 6) / 8 + 1` codewords of eight.
fn codewords_under(side: usize) -> usize {
    side.div_ceil(2) * ((2 * side + 6) / 8 + 1)
}
