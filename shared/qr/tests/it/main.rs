//! The texts and pictures as a caller and a reader see them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod frames;
mod hosts;
mod limits;
mod pictures;
mod readers;
mod symbols;
mod terminal;
mod texts;

use rqrr::PreparedImage;
use saoma_qr::{Logo, LogoSize, Picture, PictureSize};

/// A code as sessions have them.
const CODE: &str = "0123456789ABCDEFGHJKMNPQRS";

fn session(origin: &str) -> String {
    saoma_qr::session_text(origin, CODE).unwrap()
}

fn shop() -> String {
    let text = format!("https://shop.example.com/downloads.html?source=pclogin&lang=zh-cn&code={CODE}")[..90]
        .to_owned();
    assert!(text.bytes().any(|b| b.is_ascii_lowercase()));
    text
}

fn plain(size: u32) -> Picture {
    Picture::plain(PictureSize::new(size).unwrap())
}

fn with_logo(size: u32, logo: Logo, logo_size: u32) -> Picture {
    Picture { logo: Some((logo, LogoSize::new(logo_size).unwrap())), ..plain(size) }
}

/// What a reader that is not ours finds in a picture file: its side and the text.
fn read(file: &[u8]) -> (u32, String) {
    let grey = image::load_from_memory(file).unwrap().to_luma8();
    let side = grey.width();
    assert_eq!(side, grey.height());
    let pixel = |x: usize, y: usize| grey.get_pixel(x.try_into().unwrap(), y.try_into().unwrap()).0[0];
    let mut prepared = PreparedImage::prepare_from_greyscale(side as usize, side as usize, pixel);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol in the picture");
    (side, grids[0].decode().unwrap().1)
}
