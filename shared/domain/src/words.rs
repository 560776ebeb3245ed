//! The names of an enum in items, configuration and answers. The enum itself is the only place that lists them.
//!
//! `strum` derives both directions from the variants, and `words!` wraps them as `as_str` and `parse`. A new
//! variant has its name everywhere.

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
