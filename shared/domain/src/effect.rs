//! What follows from a stored change, outside of the stores.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// One effect of a change. All of them are safe to repeat: each says the id of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Effect {
    /// The person's phones know: they were asked, or heard of a login.
    Pushed,
    /// The topic has the event.
    Published,
    /// The client's server took its call, or there is none.
    Delivered,
}

words!(Effect);
