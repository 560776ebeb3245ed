//! The wire contracts.

/// The wire contract a session speaks (CONTRACTS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// All-in-one machines with a mini-program (section 1).
    Kiosk,
    /// PC pages with an app (section 2).
    Web,
    /// Hosted clients with asynchronous answers (section 3).
    Remembered,
    /// The three-call login (section 4).
    Shop,
}

impl Dialect {
    /// Its name in items and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk",
            Self::Web => "web",
            Self::Remembered => "remembered",
            Self::Shop => "shop",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Kiosk, Self::Web, Self::Remembered, Self::Shop]
            .into_iter()
            .find(|dialect| dialect.as_str() == raw)
    }
}
