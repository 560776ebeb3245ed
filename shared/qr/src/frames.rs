//! Several symbols of one size, packed: what stays the same in all of them, once, and what moves, for each.

use crate::{Level, QrError, Symbol};

/// Symbols of one size. The texts differ in a few characters at the end, so most modules are the same in all symbols: they are
/// kept once.
///
/// A row of modules follows the other, from the top left, eight modules a byte, the first in the highest bit; the last byte
/// is filled up with zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frames {
    size: usize,
    still: Vec<u8>,
    moving: Vec<u8>,
    moved: Vec<u8>,
}

impl Frames {
    /// Encodes each of `texts`.
    ///
    /// # Errors
    /// [`QrError`] for a text that cannot be encoded, or when the symbols are not of one size.
    pub fn encode(texts: &[String], level: Level) -> Result<Self, QrError> {
        let symbols = texts.iter().map(|text| Symbol::encode(text, level)).collect::<Result<Vec<_>, _>>()?;
        let modules: Vec<Vec<bool>> =
            symbols.iter().map(|symbol| symbol.rows().flatten().copied().collect()).collect();
        let first = modules.first().ok_or(QrError::SeveralSizes)?;
        if modules.iter().any(|other| other.len() != first.len()) {
            return Err(QrError::SeveralSizes);
        }
        let moves: Vec<bool> =
            (0..first.len()).map(|at| modules.iter().any(|other| other.get(at) != first.get(at))).collect();
        let still = first.iter().zip(&moves).map(|(dark, moves)| *dark && !moves);
        let frames = modules.iter().flat_map(|frame| frame.iter().zip(&moves).filter(|(_, moves)| **moves));
        Ok(Self {
            size: symbols.first().map_or(0, Symbol::width),
            still: packed(still),
            moved: packed(frames.map(|(dark, _)| *dark)),
            moving: packed(moves.iter().copied()),
        })
    }

    /// Modules along one side.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The dark modules that are dark in every frame.
    #[must_use]
    pub fn still(&self) -> &[u8] {
        &self.still
    }

    /// Which modules differ between frames.
    #[must_use]
    pub fn moving(&self) -> &[u8] {
        &self.moving
    }

    /// One frame after the other: whether its modules that differ are dark, in their order.
    #[must_use]
    pub fn frames(&self) -> &[u8] {
        &self.moved
    }
}

fn packed(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let bits: Vec<bool> = bits.collect();
    let byte = |bits: &[bool]| {
        bits.iter().zip((0..8).rev()).fold(0, |byte, (bit, place)| byte | (u8::from(*bit) << place))
    };
    bits.chunks(8).map(byte).collect()
}
