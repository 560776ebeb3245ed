//! PNG: one bit of grey a pixel; with a logo, four bits of palette.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};

use crate::raster::Raster;
use crate::{Picture, QrError, Symbol};

/// The smallest files that take under 300 us at 256 pixels. Rows repeat, so they compress best without a filter.
/// `docs/decisions/0009-a-kept-crate-unless-measured.md` has the measurements.
const COMPRESSION: DeflateCompression = DeflateCompression::Level(5);

/// The symbol as a PNG, exactly as large as `picture` says.
pub fn png(symbol: &Symbol, picture: Picture) -> Result<Vec<u8>, QrError> {
    let raster = Raster::draw(symbol, picture)?;
    let side = u32::try_from(raster.side()).map_err(QrError::encoding)?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side, side);
    let pixels = match raster.palette() {
        None => {
            encoder.set_color(ColorType::Grayscale);
            encoder.set_depth(BitDepth::One);
            pack::<1>(&raster)
        }
        Some(colours) => {
            encoder.set_color(ColorType::Indexed);
            encoder.set_depth(BitDepth::Four);
            encoder.set_palette(colours.into_flattened());
            pack::<4>(&raster)
        }
    };
    write(encoder, &pixels).map_err(QrError::encoding)?;
    Ok(file)
}

fn write(mut encoder: Encoder<'_, &mut Vec<u8>>, pixels: &[u8]) -> Result<(), EncodingError> {
    encoder.set_deflate_compression(COMPRESSION);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}

/// Every row at `BITS` bits a pixel, the first pixel highest, padded to whole bytes.
fn pack<const BITS: usize>(raster: &Raster) -> Vec<u8> {
    let in_byte = 8 / BITS;
    let mut packed = Vec::with_capacity(raster.side() * raster.side().div_ceil(in_byte));
    for (row, times) in raster.rows() {
        let start = packed.len();
        packed.extend(row.chunks(in_byte).map(|pixels| {
            let byte = pixels.iter().fold(0, |byte, pixel| byte << BITS | pixel);
            byte << (BITS * (in_byte - pixels.len()))
        }));
        let end = packed.len();
        for _ in 1..times {
            packed.extend_from_within(start..end);
        }
    }
    packed
}
