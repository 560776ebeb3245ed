//! The built-in logos, as formulas. They need no file and are sharp at every size.
//!
//! A shape is a signed distance: below zero inside, above zero outside, in units of the logo's side, with the origin
//! in the middle and y downwards. The distance also gives the soft edge.

use strum::{FromRepr, VariantArray};

/// A built-in logo. Its value is its number; 0 is no logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRepr, VariantArray)]
#[repr(u32)]
pub enum Logo {
    /// Saoma's mark, a rounded square with a scanner's brackets.
    Saoma = 1,
    /// A phone.
    Phone = 2,
    /// A shield with a check mark.
    Shield = 3,
}

impl Logo {
    /// Every logo, in the order of their numbers.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The logo with this number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::from_repr(number)
    }

    /// The logo's colour, as red, green and blue. All are dark, so that on paper and in grey they stay readable.
    pub(crate) fn colour(self) -> [u8; 3] {
        match self {
            Self::Saoma => [0x0b, 0x6e, 0x5f],
            Self::Phone => [0x2f, 0x3f, 0xa6],
            Self::Shield => [0x1d, 0x5c, 0xa8],
        }
    }

    /// Paints the logo `side` pixels wide, row by row: 0 is white, `steps` the full colour.
    pub(crate) fn paint(self, side: usize, steps: u8) -> Vec<u8> {
        let pixels = u16::try_from(side).unwrap_or(u16::MAX);
        let unit = f32::from(pixels);
        let centre = |pixel: u16| (f32::from(pixel) + 0.5) / unit - 0.5;
        let mut painted = Vec::with_capacity(side * side);
        for y in 0..pixels {
            painted.extend((0..pixels).map(|x| shade(self.distance(centre(x), centre(y)) * unit, steps)));
        }
        painted
    }

    fn distance(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Saoma => cut(rounded(x, y, 0.5, 0.5, 0.14), brackets(x, y)),
            Self::Phone => cut(rounded(x, y, 0.3, 0.5, 0.09), screen(x, y)),
            Self::Shield => cut(shield(x, y), check(x, y)),
        }
    }
}

/// How dark a pixel is whose middle is `pixels` outside a shape's edge.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and `steps` by the clamp"
)]
fn shade(pixels: f32, steps: u8) -> u8 {
    ((0.5 - pixels).clamp(0.0, 1.0) * f32::from(steps)).round() as u8
}

/// A frame broken in the middle of its sides, and the scan line.
fn brackets(x: f32, y: f32) -> f32 {
    let frame = rounded(x, y, 0.29, 0.29, 0.03).abs() - 0.045;
    let corners = 0.13 - x.abs().min(y.abs());
    frame.max(corners).min(rounded(x, y, 0.3, 0.045, 0.045))
}

/// A phone's glass and its button.
fn screen(x: f32, y: f32) -> f32 {
    rounded(x, y + 0.05, 0.22, 0.35, 0.02).min(x.hypot(y - 0.4) - 0.05)
}

/// Straight at the top; below, two arcs that meet in a point.
fn shield(x: f32, y: f32) -> f32 {
    const SHOULDER: f32 = -0.22;
    let flank = if y < SHOULDER { x.abs() - 0.41 } else { (x.abs() + 0.3925).hypot(y - SHOULDER) - 0.8025 };
    flank.max(-0.46 - y)
}

fn check(x: f32, y: f32) -> f32 {
    stroke(x, y, (-0.19, -0.02), (-0.05, 0.13)).min(stroke(x, y, (-0.05, 0.13), (0.2, -0.17)))
}

/// A box with rounded corners, given by half its width and height.
fn rounded(x: f32, y: f32, half_width: f32, half_height: f32, radius: f32) -> f32 {
    let (dx, dy) = (x.abs() - half_width + radius, y.abs() - half_height + radius);
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
}

/// A round brush drawn from one point to another.
fn stroke(x: f32, y: f32, from: (f32, f32), to: (f32, f32)) -> f32 {
    let (px, py) = (x - from.0, y - from.1);
    let (lx, ly) = (to.0 - from.0, to.1 - from.1);
    let along = ((px * lx + py * ly) / (lx * lx + ly * ly)).clamp(0.0, 1.0);
    (px - lx * along).hypot(py - ly * along) - 0.06
}

/// `shape` without `hole`.
fn cut(shape: f32, hole: f32) -> f32 {
    shape.max(-hole)
}
