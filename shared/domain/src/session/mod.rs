//! The session core: one login attempt, shown as one QR code.
//!
//! * [`Session`] is what is stored; its [`State`] carries only what is true there.
//! * [`Session::decide`] is the only place that says what may happen next.
//! * [`Change`] is the only thing a store accepts.

mod data;
mod decide;
mod dialect;
mod match_number;
mod picture;
mod remembered;

pub use data::{CancelReason, Claim, Ext, Redemption, ScreenClaims, Seen, Session, State};
pub use decide::{Abandonment, Change, Command, Decision, REDEEM_AGAIN, RedeemKey, Refusal};
pub use dialect::Dialect;
pub use match_number::{MatchNumber, MatchPolicy};
pub use picture::{PictureFormat, PictureName};
pub use remembered::{DeviceId, LoginPolicy, Remembered, TraceId};

#[cfg(test)]
mod table;
