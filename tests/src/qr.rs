//! The QR in a picture, as an independent reader reads it.

use image::{GrayImage, Luma, imageops};
use rqrr::PreparedImage;

/// The side of a square picture in pixels, and the text of its QR.
#[must_use]
pub fn read(picture: &[u8]) -> (u32, String) {
    let picture = square(picture);
    (picture.width(), text_of(&picture))
}

/// The same for a picture that may have no margin. White space is added around it first.
#[must_use]
pub fn read_on_paper(picture: &[u8]) -> (u32, String) {
    const PAPER: u32 = 40;
    let picture = square(picture);
    let side = picture.width();
    let mut paper = GrayImage::from_pixel(side + 2 * PAPER, side + 2 * PAPER, Luma([255]));
    imageops::overlay(&mut paper, &picture, PAPER.into(), PAPER.into());
    (side, text_of(&paper))
}

fn square(picture: &[u8]) -> GrayImage {
    let picture = image::load_from_memory(picture).unwrap().to_luma8();
    assert_eq!(picture.height(), picture.width());
    picture
}

fn text_of(picture: &GrayImage) -> String {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixel = |x: usize, y: usize| picture.as_raw()[y * width + x];
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, pixel);
    prepared.detect_grids()[0].decode().unwrap().1
}
