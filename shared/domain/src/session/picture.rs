//! The stored picture of a session's QR.

use crate::{ports::Randomness, secrets::random_hex};

/// How many hexadecimal digits the random part of a name has.
const RANDOM_DIGITS: usize = 32;

/// A picture's name in the bucket. It is random, so it does not reveal the code (`docs/security.md` G7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureName(String);

impl PictureName {
    /// A fresh name with 128 random bits; its end says the format.
    pub fn random(random: &dyn Randomness, format: PictureFormat) -> Self {
        Self(format!("{}.{}", random_hex(random), format.extension()))
    }

    /// The format of the picture.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        let jpeg = self.0.rsplit('.').next() == Some(PictureFormat::Jpeg.extension());
        if jpeg { PictureFormat::Jpeg } else { PictureFormat::Png }
    }

    /// Reads a name that a caller sent; `None` unless it could be one of ours.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let (random, extension) = raw.split_once('.')?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let known =
            [PictureFormat::Png, PictureFormat::Jpeg].map(PictureFormat::extension).contains(&extension);
        (random.len() == RANDOM_DIGITS && random.bytes().all(is_hex) && known).then(|| Self(raw.to_owned()))
    }

    /// From a stored name.
    #[must_use]
    pub fn from_stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The file format of a stored picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// For the kiosk contract.
    Png,
    /// For the shop contract.
    Jpeg,
}

impl PictureFormat {
    /// The end of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "6dc5ba4732e25aef34d35f259e85685d";

    #[test]
    fn a_name_is_read_back() {
        for format in [PictureFormat::Png, PictureFormat::Jpeg] {
            let name = format!("{DIGITS}.{}", format.extension());
            let read = PictureName::parse(&name).unwrap();
            assert_eq!((read.as_str(), read.format()), (name.as_str(), format));
        }
    }

    #[test]
    fn what_could_be_no_name_of_ours_is_refused() {
        let upper = DIGITS.to_uppercase();
        let (short, long) = (&DIGITS[1..], "0".repeat(1_000_000));
        for stem in
            [&upper, short, &long, "", "../../../../etc/passwd/././././.", "６dc5ba4732e25aef34d35f259e8568"]
        {
            assert_eq!(PictureName::parse(&format!("{stem}.png")), None, "{stem:.40}");
        }
        for end in ["", ".", ".gif", ".PNG", ".png.png", ".png/", ".png ", "\0.png", ".png?x"] {
            assert_eq!(PictureName::parse(&format!("{DIGITS}{end}")), None, "{end}");
        }
    }
}
