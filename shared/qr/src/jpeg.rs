//! JPEG: grey without a logo, colour with one.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::raster::Raster;
use crate::{Picture, QrError, Symbol};

/// The quality. It is high enough that compression leaves the edges of modules clean.
const QUALITY: u8 = 90;

/// The symbol as a JPEG, exactly as large as `picture` says.
pub fn jpeg(symbol: &Symbol, picture: Picture) -> Result<Vec<u8>, QrError> {
    let raster = Raster::draw(symbol, picture)?;
    let side = u32::try_from(raster.side()).map_err(QrError::encoding)?;
    let (pixels, colour) = match raster.palette() {
        None => (expand(&raster, |index| [if index == 0 { 0 } else { 255 }]), ExtendedColorType::L8),
        Some(palette) => (
            expand(&raster, |index| palette.get(usize::from(index)).copied().unwrap_or_default()),
            ExtendedColorType::Rgb8,
        ),
    };
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .encode(&pixels, side, side, colour)
        .map_err(QrError::encoding)?;
    Ok(file)
}

fn expand<const N: usize>(raster: &Raster, colour: impl Fn(u8) -> [u8; N]) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(raster.side() * raster.side() * N);
    for (row, times) in raster.rows() {
        let row: Vec<u8> = row.iter().flat_map(|&index| colour(index)).collect();
        (0..times).for_each(|_| pixels.extend_from_slice(&row));
    }
    pixels
}
