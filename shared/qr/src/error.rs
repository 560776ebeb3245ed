//! Why a text or a picture was refused.

use thiserror::Error;

/// Why there is no text or no picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QrError {
    /// The public address is not a plain `http` or `https` address: it has a user, a query, a fragment or odd characters.
    #[error("the public address is not a plain http or https address")]
    Address,
    /// The code is not Crockford base32 in upper case, or not 1 to 64 characters long.
    #[error("the code is not Crockford base32")]
    Code,
    /// The text is empty or over [`Symbol::MAX_TEXT`](crate::Symbol::MAX_TEXT) bytes.
    #[error("the text has {0} bytes")]
    TextLength(usize),
    /// The texts of several frames need symbols of several sizes, or there is none.
    #[error("the frames have several sizes")]
    SeveralSizes,
    /// A size in pixels, or a margin in modules, is outside its type's bounds.
    #[error("{0} is out of bounds")]
    OutOfBounds(u32),
    /// The picture is too small for two whole pixels a module.
    #[error("the symbol needs a picture of {needed} pixels")]
    TooSmall {
        /// The smallest side, in pixels, that this symbol and margin fit in.
        needed: usize,
    },
    /// An encoder failed on a picture of ours. That would be a bug.
    #[error("the picture could not be encoded")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QrError {
    pub(crate) fn encoding(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Encoding(Box::new(error))
    }
}
