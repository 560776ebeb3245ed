//! How long a picture takes from text to bytes, and how large it is, beside the same size drawn by `qrcode` and
//! `image` with their defaults.
//!
//! One line a picture: its size in pixels, `plain` or `logo`, then microseconds and bytes of ours and of theirs (`-`
//! where they draw none). `make bench` makes the table of it.

use std::error::Error;
use std::hint::black_box;
use std::io::{Cursor, Write, stdout};
use std::time::{Duration, Instant};

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, QrCode};
use saoma_qr::{Logo, LogoSize, Picture, PictureSize, Symbol, png, session_text};

/// Rounds of each drawing; the median counts.
const ROUNDS: usize = 1001;

fn main() -> Result<(), Box<dyn Error>> {
    let text = session_text("https://login.example.com", "0P1ACEH01DERC0DE0123456789")?;
    let mut out = stdout();
    for size in [94, 256, 512] {
        let (ours, bytes) = measure(|| drawn(&text, Picture::plain(PictureSize::new(size)?)))?;
        let (theirs, their_bytes) = measure(|| drawn_by_defaults(&text, size))?;
        writeln!(out, "{size} plain {} {bytes} {} {their_bytes}", micros(ours), micros(theirs))?;
    }
    let logo = Some((Logo::Saoma, LogoSize::new(64)?));
    let (ours, bytes) = measure(|| drawn(&text, Picture { logo, ..Picture::plain(PictureSize::new(256)?) }))?;
    writeln!(out, "256 logo {} {bytes} - -", micros(ours))?;
    Ok(())
}

fn drawn(text: &str, picture: Picture) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(png(&Symbol::fit(text, picture)?, picture)?)
}

/// All by default, drawn as `qrcode` draws on an `image` (a feature we do not build): a white canvas, and each dark
/// module put on it pixel by pixel.
fn drawn_by_defaults(text: &str, size: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let symbol = QrCode::new(text)?;
    let modules = u32::try_from(symbol.width())?;
    let module = size / (modules + 2 * 4);
    let margin = (size - module * modules) / 2;
    let mut canvas = GrayImage::from_pixel(size, size, Luma([255]));
    for (place, colour) in (0..).zip(symbol.to_colors()) {
        if colour == Color::Dark {
            let (left, top) = (margin + place % modules * module, margin + place / modules * module);
            for (x, y) in (top..top + module).flat_map(|y| (left..left + module).map(move |x| (x, y))) {
                canvas.put_pixel(x, y, Luma([0]));
            }
        }
    }
    let mut file = Cursor::new(Vec::new());
    canvas.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}

/// The median time of a drawing, and its size in bytes.
fn measure(draw: impl Fn() -> Result<Vec<u8>, Box<dyn Error>>) -> Result<(Duration, usize), Box<dyn Error>> {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let began = now();
        bytes = black_box(draw()?).len();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok((times.get(ROUNDS / 2).copied().unwrap_or_default(), bytes))
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is")]
fn now() -> Instant {
    Instant::now()
}

fn micros(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e6)
}
