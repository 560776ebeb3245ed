//! The picture of a client that people see beside its name.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A square PNG of at most [`Logo::LARGEST`] bytes. It is kept with its client and shown from the answer itself, so no phone
/// asks another server for it (`docs/decisions/0031-a-logo-is-kept-with-its-client.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(Vec<u8>);

impl Logo {
    /// In bytes. The store reads a client with each step, in units of 4 KB.
    pub const LARGEST: usize = 2048;
    /// The sides that it may have, in pixels.
    const SIDES: std::ops::RangeInclusive<u32> = 32..=256;
    /// What a PNG begins with: its signature, then the header's length and name (PNG, third edition, sections 5.2 and 11.2.1).
    const BEGINNING: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    /// What it ends with: an empty last chunk and its checksum (section 11.2.4).
    const END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

    /// From the bytes of a file; `None` for one that is no PNG, not square, too small or too large.
    #[must_use]
    pub fn from_png(file: &[u8]) -> Option<Self> {
        let header = file.strip_prefix(Self::BEGINNING)?;
        let side = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let (width, height) = (side(0)?, side(4)?);
        let fits = file.len() <= Self::LARGEST && width == height && Self::SIDES.contains(&width);
        (fits && file.ends_with(Self::END)).then(|| Self(file.to_vec()))
    }

    /// The file.
    #[must_use]
    pub fn as_png(&self) -> &[u8] {
        &self.0
    }

    /// The picture as an address (RFC 2397), which a page shows without a request.
    #[must_use]
    pub fn to_data_url(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, length: usize) -> Vec<u8> {
        let mut file = Logo::BEGINNING.to_vec();
        file.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()));
        file.resize(length - Logo::END.len(), 0);
        file.extend(Logo::END);
        file
    }

    #[test]
    fn a_logo_is_a_small_square_png() {
        let logo = Logo::from_png(&png(64, 64, 2048)).unwrap();
        assert_eq!(Logo::from_png(logo.as_png()), Some(logo.clone()));
        assert!(logo.to_data_url().starts_with("data:image/png;base64,iVBORw0KGgo"));
        for (what, file) in [
            ("nothing", Vec::new()),
            ("too many bytes", png(64, 64, 2049)),
            ("too small", png(31, 31, 200)),
            ("too large", png(257, 257, 200)),
            ("not square", png(64, 32, 200)),
            ("cut off", png(64, 64, 200)[..100].to_vec()),
            ("its beginning alone", Logo::BEGINNING.to_vec()),
            ("an SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ] {
            assert_eq!(Logo::from_png(&file), None, "{what}");
        }
    }
}
