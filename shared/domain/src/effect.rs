//! What follows from a stored change, outside of the stores.

/// One effect of a change. All of them are safe to repeat: each says the id of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The person's phones know: they were asked, or heard of a login.
    Pushed,
    /// The topic has the event.
    Published,
    /// The client's server took its call, or there is none.
    Delivered,
}

impl Effect {
    /// Its name in items.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Published => "published",
            Self::Delivered => "delivered",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Pushed, Self::Published, Self::Delivered].into_iter().find(|effect| effect.as_str() == raw)
    }
}
