//! PNG: one bit of grey a pixel; with a logo, four bits of palette.

use crate::deflate::compress;
use crate::raster::Raster;
use crate::{Picture, QrError, Symbol};

/// The symbol as a PNG, exactly as large as `picture` says.
pub fn png(symbol: &Symbol, picture: Picture) -> Result<Vec<u8>, QrError> {
    let raster = Raster::draw(symbol, picture)?;
    let side = u32::try_from(raster.side()).map_err(QrError::encoding)?;
    let palette = raster.palette();
    let data = match palette {
        None => compress_rows::<1>(&raster),
        Some(_) => compress_rows::<4>(&raster),
    };
    let mut file = Vec::with_capacity(data.len() + 128);
    write(&mut file, side, palette, &data).map_err(QrError::encoding)?;
    Ok(file)
}

fn write(
    file: &mut Vec<u8>,
    side: u32,
    palette: Option<Vec<[u8; 3]>>,
    data: &[u8],
) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(file, side, side);
    match palette {
        None => {
            encoder.set_color(png::ColorType::Grayscale);
            encoder.set_depth(png::BitDepth::One);
        }
        Some(colours) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_depth(png::BitDepth::Four);
            encoder.set_palette(colours.into_flattened());
        }
    }
    let mut writer = encoder.write_header()?;
    writer.write_chunk(png::chunk::IDAT, data)?;
    writer.finish()
}

/// Packs each distinct row at `BITS` bits a pixel behind its filter byte (0, no filter) and compresses them all.
fn compress_rows<const BITS: usize>(raster: &Raster) -> Vec<u8> {
    let in_byte = 8 / BITS;
    let stride = 1 + raster.side().div_ceil(in_byte);
    let mut packed = Vec::new();
    let mut repeats = Vec::new();
    for (row, times) in raster.rows() {
        packed.push(0);
        packed.extend(row.chunks(in_byte).map(|pixels| {
            let byte = pixels.iter().fold(0, |byte, pixel| byte << BITS | pixel);
            byte << (BITS * (in_byte - pixels.len()))
        }));
        repeats.push(times);
    }
    compress(packed.chunks_exact(stride).zip(repeats), stride)
}
