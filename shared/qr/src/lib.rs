//! The QR's text and its pictures. This crate knows nothing about sessions.
//!
//! * [`text`](session_text): the text of a session's QR, alphanumeric except for the scheme.
//! * `symbol`: text to modules: the smallest version, one fixed mask, at a [`Level`] of error correction.
//! * [`Frames`]: several symbols of one size, packed.
//! * `picture`: what a caller may ask for, parsed: [`PictureSize`], [`Margin`], [`LogoSize`].
//! * `logo`: the built-in numbered logos, drawn by formula.
//! * `raster`: modules, quiet zone and logo to rows of pixels.
//! * [`png`](fn@png), [`jpeg`](fn@jpeg), [`svg`](fn@svg): the file formats. [`terminal`](fn@terminal): lines of text.
//!
//! The rule between them: formats read rasters, rasters read symbols, and nothing reads back. Parsing a [`Picture`]
//! checks its sizes, so no later step draws more than about a million pixels.

mod error;
mod frames;
mod jpeg;
mod logo;
mod picture;
mod png;
mod raster;
mod svg;
mod symbol;
mod terminal;
mod text;

pub use error::QrError;
pub use frames::Frames;
pub use jpeg::jpeg;
pub use logo::Logo;
pub use picture::{LogoSize, Margin, Picture, PictureSize};
pub use png::png;
pub use svg::svg;
pub use symbol::{Level, Symbol};
pub use terminal::terminal;
pub use text::session_text;
