//! The session core: one login attempt, shown as one QR code.
//!
//! * [`Session`] is the stored record. Its [`State`] carries only what is true in that state, its [`Flow`] only
//!   what its wire contract needs.
//! * [`Session::standing`] says how it stands at a moment. Each contract maps that to its own words.
//! * [`Session::poll_after`] says when its screen should ask again.
//! * [`Session::decide`] is the only place that decides what may happen next.
//! * [`Change`] is the only thing a store accepts.

mod change;
mod command;
mod data;
mod decide;
mod dialect;
mod flow;
mod match_number;
mod picture;
mod polling;
mod remembered;
mod standing;

pub use change::{Change, Decision};
pub use command::{Abandonment, Bar, Command, REDEEM_AGAIN, RedeemKey, Refusal};
pub use data::{Browser, CancelReason, Claim, Redemption, ScreenClaims, Seen, Session, State};
pub use dialect::Dialect;
pub use flow::{Asks, Ext, Flow, PageState};
pub use match_number::{MatchNumber, MatchPolicy};
pub use picture::{PictureFormat, PictureName};
pub use remembered::{DeviceId, LoginPolicy, Ties, TraceId};
pub use standing::Standing;

#[cfg(test)]
mod table;
