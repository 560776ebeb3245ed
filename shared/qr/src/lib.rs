//! The QR's text and its pictures. Nothing here knows what a session is.
//!
//! * [`text`](session_text): what a session's QR says, in the alphanumeric alphabet but for the scheme.
//! * `symbol`: text to modules: the smallest version, one fixed mask, at a [`Level`] of error correction.
//! * `picture`: what a caller may ask for, parsed: [`PictureSize`], [`Margin`], [`LogoSize`].
//! * `logo`: the built-in numbered logos, drawn by formula.
//! * `raster`: modules, quiet zone and logo to rows of pixels.
//! * [`png`](fn@png), [`jpeg`](fn@jpeg), [`svg`](fn@svg): the file formats.
//!
//! The rule between them: formats read rasters, rasters read symbols, and nothing reads back. Sizes are checked
//! when a [`Picture`] is parsed, so no later step can be asked for more than a million pixels.

mod error;
mod jpeg;
mod logo;
mod picture;
mod png;
mod raster;
mod svg;
mod symbol;
mod text;

pub use error::QrError;
pub use jpeg::jpeg;
pub use logo::Logo;
pub use picture::{LogoSize, Margin, Picture, PictureSize};
pub use png::png;
pub use svg::svg;
pub use symbol::{Level, Symbol};
pub use text::session_text;
