//! Modules, quiet zone and logo to rows of pixels.
//!
//! A pixel is a palette index. Rows that repeat are kept once with a count: a module is the same from its first
//! pixel row to its last, so a picture has about as many distinct rows as its symbol has modules.

use crate::picture::Layout;
use crate::{Logo, Picture, QrError, Symbol};

/// The palette index of a dark module. In one bit of grey it is black.
const DARK: u8 = 0;
/// The palette index of white. In one bit of grey it is white too.
const LIGHT: u8 = 1;
/// Indices above [`LIGHT`] are the logo's colour growing out of white; the highest, 15, is full colour.
const STEPS: u8 = 14;

/// A drawn picture.
pub(crate) struct Raster {
    side: usize,
    pixels: Vec<u8>,
    repeats: Vec<usize>,
    logo: Option<Logo>,
}

impl Raster {
    /// Draws `symbol` as `picture` asks.
    pub(crate) fn draw(symbol: &Symbol, picture: Picture) -> Result<Self, QrError> {
        let layout = Layout::new(symbol, picture)?;
        let plate = picture.logo.and_then(|(logo, size)| Plate::new(symbol, layout, logo, size.pixels()));
        let mut raster = Self {
            side: layout.side,
            pixels: Vec::with_capacity(layout.side * (symbol.width() + 2)),
            repeats: Vec::with_capacity(symbol.width() + 2),
            logo: plate.as_ref().map(|plate| plate.logo),
        };

        let white = vec![LIGHT; layout.side];
        raster.push(&white, layout.before);
        let mut row = white.clone();
        for (y, modules) in symbol.rows().enumerate() {
            let inked = row.get_mut(layout.before..).unwrap_or_default();
            for (pixels, &dark) in inked.chunks_exact_mut(layout.module).zip(modules) {
                pixels.fill(if dark { DARK } else { LIGHT });
            }
            match plate.as_ref().and_then(|plate| plate.rows_at(y)) {
                None => raster.push(&row, layout.module),
                Some((left, painted)) => {
                    for line in painted {
                        row.iter_mut().skip(left).zip(line).for_each(|(pixel, colour)| *pixel = *colour);
                        raster.push(&row, 1);
                    }
                }
            }
        }
        raster.push(&white, layout.after);
        Ok(raster)
    }

    fn push(&mut self, row: &[u8], times: usize) {
        if times > 0 {
            self.pixels.extend_from_slice(row);
            self.repeats.push(times);
        }
    }

    /// Pixels along one side.
    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// The distinct rows from top to bottom, one palette index a pixel, each with how often it repeats.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.pixels.chunks_exact(self.side).zip(self.repeats.iter().copied())
    }

    /// The palette as red, green and blue, if there is more than black and white.
    pub(crate) fn palette(&self) -> Option<Vec<[u8; 3]>> {
        let full = self.logo?.colour();
        let steps = u16::from(STEPS);
        let blend = |step: u16| {
            full.map(|c| {
                u8::try_from((255 * (steps - step) + u16::from(c) * step) / steps).unwrap_or(u8::MAX)
            })
        };
        Some(std::iter::once([0, 0, 0]).chain((0..=steps).map(blend)).collect())
    }
}

/// A logo on its white plate, which covers whole modules in the middle of the symbol.
struct Plate {
    logo: Logo,
    /// The first module row and column it covers.
    first: usize,
    /// Modules along one side.
    modules: usize,
    /// Pixels along one side.
    side: usize,
    /// Pixels to its left in the picture.
    left: usize,
    pixels: Vec<u8>,
}

impl Plate {
    /// The largest plate, at most as large as `wanted`, that leaves the symbol readable. `None` if even the smallest
    /// would not.
    fn new(symbol: &Symbol, layout: Layout, logo: Logo, wanted: usize) -> Option<Self> {
        // Half a module of white on each side: one module of the plate's is never the logo's.
        let inner = wanted.div_ceil(layout.module).next_multiple_of(2);
        let modules = (inner + 1).min(symbol.logo_modules());
        let drawn = wanted.min(modules.checked_sub(1)? * layout.module);
        if drawn == 0 {
            return None;
        }
        let side = modules * layout.module;
        let first = (symbol.width() - modules) / 2;
        let left = layout.before + first * layout.module;
        Some(Self { logo, first, modules, side, left, pixels: plate_pixels(logo, side, drawn) })
    }

    /// The left edge and the painted pixel rows of module row `y`, if the plate covers it.
    fn rows_at(&self, y: usize) -> Option<(usize, impl Iterator<Item = &[u8]>)> {
        let row = y.checked_sub(self.first).filter(|&row| row < self.modules)?;
        let module = self.side / self.modules;
        Some((self.left, self.pixels.chunks_exact(self.side).skip(row * module).take(module)))
    }
}

/// A white square of `side` pixels with the logo, `drawn` pixels wide, in its middle.
fn plate_pixels(logo: Logo, side: usize, drawn: usize) -> Vec<u8> {
    let mut pixels = vec![LIGHT; side * side];
    let edge = (side - drawn) / 2;
    let painted = logo.paint(drawn, STEPS);
    for (line, shades) in pixels.chunks_exact_mut(side).skip(edge).zip(painted.chunks_exact(drawn)) {
        line.iter_mut().skip(edge).zip(shades).for_each(|(pixel, shade)| *pixel = LIGHT + shade);
    }
    pixels
}
