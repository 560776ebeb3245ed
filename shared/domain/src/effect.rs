//! The side effects of a stored change, outside of the stores.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// One side effect of a change. All of them are safe to repeat, because each carries the id of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Effect {
    /// The person's phones got their pushes: a question, or a notice of a login.
    Pushed,
    /// The topic has the event.
    Published,
    /// The call to the client's server is in the queue, or there is none to make.
    Queued,
}

words!(Effect);
