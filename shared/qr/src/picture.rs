//! What a caller may ask for, parsed.

use crate::{Logo, QrError, Symbol};

/// A picture's side in pixels: 1 to 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize(u16);

impl PictureSize {
    /// The largest side, in pixels.
    pub const MAX: u16 = 1024;

    /// A side of `pixels`, refused outside its bounds.
    pub fn new(pixels: u32) -> Result<Self, QrError> {
        bounded(pixels, 1, Self::MAX).map(Self)
    }

    /// The side in pixels.
    #[must_use]
    pub fn pixels(self) -> usize {
        self.0.into()
    }
}

/// A logo's side in pixels: 1 to 256. The drawn logo may be smaller, so that readers still read the symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogoSize(u16);

impl LogoSize {
    /// The largest side, in pixels.
    pub const MAX: u16 = 256;

    /// A side of `pixels`, refused outside its bounds.
    pub fn new(pixels: u32) -> Result<Self, QrError> {
        bounded(pixels, 1, Self::MAX).map(Self)
    }

    /// The side in pixels.
    #[must_use]
    pub fn pixels(self) -> usize {
        self.0.into()
    }
}

/// The white border inside a picture, in modules: none, or at least the quiet zone that readers need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin(u16);

impl Margin {
    /// No border: the symbol alone. The page that shows it must leave white space around it.
    pub const NONE: Self = Self(0);
    /// The quiet zone of ISO/IEC 18004, section 6.3.8: four modules.
    pub const QUIET_ZONE: Self = Self(4);
    /// The widest border, in modules.
    pub const MAX: u16 = 32;

    /// A border of `modules`. 1 to 3 would be a broken quiet zone and become 4.
    pub fn new(modules: u32) -> Result<Self, QrError> {
        match bounded(modules, 0, Self::MAX)? {
            0 => Ok(Self::NONE),
            wanted => Ok(Self(wanted.max(Self::QUIET_ZONE.0))),
        }
    }

    /// The border's width in modules.
    #[must_use]
    pub fn modules(self) -> usize {
        self.0.into()
    }
}

fn bounded(value: u32, min: u16, max: u16) -> Result<u16, QrError> {
    u16::try_from(value).ok().filter(|value| (min..=max).contains(value)).ok_or(QrError::OutOfBounds(value))
}

/// A picture to draw: always a square of exactly `size` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// The side in pixels.
    pub size: PictureSize,
    /// The least white around the symbol. Pixels that are left over, because a module has whole pixels, are white
    /// too.
    pub margin: Margin,
    /// The logo in the middle, and the largest it should be.
    pub logo: Option<(Logo, LogoSize)>,
}

impl Picture {
    /// A picture with the quiet zone and no logo.
    #[must_use]
    pub fn plain(size: PictureSize) -> Self {
        Self { size, margin: Margin::QUIET_ZONE, logo: None }
    }
}

/// The smallest module, in pixels. Common readers cannot read modules of one pixel.
const MIN_MODULE: usize = 2;

/// Where a symbol lies in a picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The picture's side.
    pub(crate) side: usize,
    /// One module's side: at least [`MIN_MODULE`].
    pub(crate) module: usize,
    /// White to the left of the symbol and above it.
    pub(crate) before: usize,
    /// White to the right of the symbol and below it.
    pub(crate) after: usize,
}

impl Layout {
    pub(crate) fn new(symbol: &Symbol, picture: Picture) -> Result<Self, QrError> {
        let side = picture.size.pixels();
        let modules = symbol.width() + 2 * picture.margin.modules();
        let module = side / modules;
        if module < MIN_MODULE {
            return Err(QrError::TooSmall { needed: modules * MIN_MODULE });
        }
        let white = side - module * symbol.width();
        Ok(Self { side, module, before: white / 2, after: white - white / 2 })
    }
}
