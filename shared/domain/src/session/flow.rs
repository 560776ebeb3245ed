//! The data that only one wire contract needs in a session.

use crate::{
    oauth::{KeyThumbprint, RequestHash, Scopes, Words},
    ports::Randomness,
    secrets::SessionCode,
    session::{Dialect, MatchPolicy, PictureFormat, PictureName, Ties},
    text::CleanText,
};

/// The wire contract a session speaks, with the data that this contract alone needs. A new contract adds one
/// variant here, and the compiler names the places that must handle it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `docs/kiosk.md`.
    Kiosk {
        /// The stored picture behind `codeUrl`.
        picture: PictureName,
    },
    /// `docs/web.md`.
    Web {
        /// The text that the app hands to the page when it scans.
        ext: Ext,
        /// What the site's page named this attempt, for its own server.
        state: Option<PageState>,
        /// Whether its QR rotates.
        rotates: bool,
    },
    /// `docs/remembered.md`.
    Remembered {
        /// The call it answers and the device it is for.
        ties: Ties,
        /// Whether a person is asked or a QR is shown.
        asks: Asks,
    },
    /// `docs/shop.md`.
    Shop {
        /// The stored picture.
        picture: PictureName,
    },
    /// `docs/oauth.md`.
    Oauth {
        /// What the client asks to be granted.
        scopes: Scopes,
        /// The request whose page shows the QR; `None` for a device, which polls for its tokens itself.
        request: Option<RequestHash>,
        /// The key that the device must prove when it polls, if it proved one when it began (RFC 9449).
        key: Option<KeyThumbprint>,
        /// Whether its QR rotates.
        rotates: bool,
    },
    /// `docs/oauth.md`, where a known person is asked: a client's server has them asked (CIBA), or they come back to a page in a
    /// browser that they signed in before.
    Asked {
        /// What the client asks to be granted.
        scopes: Scopes,
        /// What the client has the person read.
        words: Option<Words>,
        /// The request whose page waits for the answer; `None` when the client's server waits.
        request: Option<RequestHash>,
    },
}

/// How a remembered login finds its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The screen shows a QR, and the owner of the phone that scans it is the person.
    Scan,
    /// A known person is asked on their phone.
    Person {
        /// The code of the QR that replaces the prompt if it reaches no phone. Both codes are drawn together,
        /// so every retry opens the same QR.
        fallback: SessionCode,
    },
}

impl Flow {
    /// A kiosk login, with a fresh name for its picture.
    pub fn kiosk(random: &dyn Randomness) -> Self {
        Self::Kiosk { picture: PictureName::random(random, PictureFormat::Png) }
    }

    /// A web login with a QR that stays the same.
    #[must_use]
    pub fn web(state: Option<PageState>) -> Self {
        Self::Web { ext: Ext::default(), state, rotates: false }
    }

    /// A web login with a QR that rotates.
    #[must_use]
    pub fn rotating_web(state: Option<PageState>) -> Self {
        Self::Web { ext: Ext::default(), state, rotates: true }
    }

    /// A shop login, with a fresh name for its picture.
    pub fn shop(random: &dyn Randomness) -> Self {
        Self::Shop { picture: PictureName::random(random, PictureFormat::Jpeg) }
    }

    /// The contract's name.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Kiosk { .. } => Dialect::Kiosk,
            Self::Web { .. } => Dialect::Web,
            Self::Remembered { .. } => Dialect::Remembered,
            Self::Shop { .. } => Dialect::Shop,
            Self::Oauth { .. } | Self::Asked { .. } => Dialect::Oauth,
        }
    }

    /// The text that the app hands to the page; only the web contract has one.
    #[must_use]
    pub const fn ext(&self) -> Option<&Ext> {
        match self {
            Self::Web { ext, .. } => Some(ext),
            _ => None,
        }
    }

    /// What the site's page named this attempt; only the web contract has it.
    #[must_use]
    pub const fn page_state(&self) -> Option<&PageState> {
        match self {
            Self::Web { state, .. } => state.as_ref(),
            _ => None,
        }
    }

    /// The call and the device of a remembered login.
    #[must_use]
    pub const fn ties(&self) -> Option<&Ties> {
        match self {
            Self::Remembered { ties, .. } => Some(ties),
            _ => None,
        }
    }

    /// What a client asks to be granted by OAuth.
    #[must_use]
    pub const fn scopes(&self) -> Option<Scopes> {
        match self {
            Self::Oauth { scopes, .. } | Self::Asked { scopes, .. } => Some(*scopes),
            _ => None,
        }
    }

    /// What a client has the person read whom it asks.
    #[must_use]
    pub const fn words(&self) -> Option<&Words> {
        match self {
            Self::Asked { words, .. } => words.as_ref(),
            _ => None,
        }
    }

    /// The key that its device must prove, if it began with a proof.
    #[must_use]
    pub const fn key(&self) -> Option<&KeyThumbprint> {
        match self {
            Self::Oauth { key, .. } => key.as_ref(),
            _ => None,
        }
    }

    /// The authorization request whose page shows the QR, or waits for the person.
    #[must_use]
    pub const fn request(&self) -> Option<&RequestHash> {
        match self {
            Self::Oauth { request, .. } | Self::Asked { request, .. } => request.as_ref(),
            _ => None,
        }
    }

    /// Whether its QR rotates: then only a phone that has seen it on the screen may scan it (`docs/security.md` L1).
    #[must_use]
    pub const fn rotates(&self) -> bool {
        match self {
            Self::Web { rotates, .. } | Self::Oauth { rotates, .. } => *rotates,
            Self::Kiosk { .. } | Self::Remembered { .. } | Self::Shop { .. } | Self::Asked { .. } => false,
        }
    }

    /// Whether a screen shows a QR of it that stays the same.
    #[must_use]
    pub const fn stays_the_same(&self) -> bool {
        !self.rotates() && !matches!(self, Self::Asked { .. })
    }

    /// Whether a person must pick the match number. A page of ours shows it, so it asks for it unless the client
    /// switched it off; other screens may show none, so there the client decides.
    #[must_use]
    pub const fn match_policy(&self, of_client: MatchPolicy) -> MatchPolicy {
        match (self.request(), of_client) {
            (Some(_), MatchPolicy::Show) => MatchPolicy::Pick,
            _ => of_client,
        }
    }

    /// The contract's data after a phone has scanned with this text; `None` when nothing changes.
    pub(super) fn scanned_with(&self, ext: &Ext) -> Option<Self> {
        match self {
            Self::Web { state, rotates, .. } => {
                Some(Self::Web { ext: ext.clone(), state: state.clone(), rotates: *rotates })
            }
            _ => None,
        }
    }

    /// The stored picture, for contracts that promise an address of one.
    #[must_use]
    pub const fn picture(&self) -> Option<&PictureName> {
        match self {
            Self::Kiosk { picture } | Self::Shop { picture } => Some(picture),
            _ => None,
        }
    }
}

/// Text that the app puts in when it locks, for the page (`docs/web.md`), at most 512 bytes.
///
/// A page may show it, so it is cleaned like all text that people read (`docs/security.md` K21). Markup
/// stays: it is text, and the page escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ext(CleanText<{ Self::LONGEST }>);

impl Ext {
    /// The most bytes it may have.
    pub const LONGEST: usize = 512;

    /// Cleans `raw`; `None` when it is too long.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        (raw.len() <= Self::LONGEST).then(|| Self(CleanText::new(raw)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// What a site's page names an attempt to sign in, and gets back with the token: 1 to 64 visible ASCII characters, as
/// in the `state` of RFC 6749 section 4.1.1.
///
/// The site compares it with what the same browser holds. A ticket that another person's browser obtained then signs
/// no one in (login CSRF, RFC 6749 section 10.12; `docs/security.md` K16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageState(String);

impl PageState {
    /// The most characters it may have.
    pub const LONGEST: usize = 64;

    /// Reads it; `None` for any other text.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let visible = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && raw.len() <= Self::LONGEST).then(|| Self(raw.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // K16
    #[test]
    fn a_pages_state_is_short_and_visible() {
        let longest = "x".repeat(PageState::LONGEST);
        for good in ["a", "~!%&=+/?#\"<>", &longest] {
            assert_eq!(PageState::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\n", "é", "\u{202E}", &"x".repeat(PageState::LONGEST + 1)] {
            assert_eq!(PageState::parse(bad), None, "{bad:?}");
        }
    }

    // K21
    #[test]
    fn ext_shows_what_it_says() {
        for (raw, clean) in [
            ("", ""),
            ("购物车=7", "购物车=7"),
            ("<b>\"\\\u{1F600}", "<b>\"\\\u{1F600}"),
            ("a\r\nb\0", "ab"),
            ("\u{202E}lave\u{2066}x\u{200B}", "lavex"),
            ("half \u{FFFD}", "half \u{FFFD}"),
        ] {
            assert_eq!(Ext::parse(raw).unwrap().as_str(), clean, "{raw:?}");
        }
        assert_eq!(Ext::parse(&"x".repeat(Ext::LONGEST)).unwrap().as_str().len(), Ext::LONGEST);
        assert_eq!(Ext::parse(&"x".repeat(Ext::LONGEST + 1)), None);
    }
}
