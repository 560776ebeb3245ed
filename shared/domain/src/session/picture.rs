//! The picture of a session that is stored.

use crate::{ports::Randomness, secrets::random_hex};

/// A picture's name in the bucket: random, so that it says nothing of the code (ADVERSARIES G7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureName(String);

impl PictureName {
    /// A fresh name with 128 random bits; its end says the format.
    pub fn random(random: &dyn Randomness, format: PictureFormat) -> Self {
        Self(format!("{}.{}", random_hex(random), format.extension()))
    }

    /// What it is a picture in.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        let jpeg = self.0.rsplit('.').next() == Some(PictureFormat::Jpeg.extension());
        if jpeg { PictureFormat::Jpeg } else { PictureFormat::Png }
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

/// What a stored picture is encoded in.
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
