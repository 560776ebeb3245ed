//! Names in items, configuration and answers, kept in one place: the enum itself.
//!
//! `strum` derives both directions from the variants; [`words!`] gives them the names that the rest of
//! the code calls. Adding a variant adds its name everywhere.

/// Gives an enum `as_str` and `parse`, over the names that `strum` derives.
macro_rules! words {
    ($name:ident) => {
        impl $name {
            /// Its name in items, configuration and answers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// Reads the name; `None` for any other text.
            #[must_use]
            pub fn parse(raw: &str) -> Option<Self> {
                raw.parse().ok()
            }
        }
    };
}
