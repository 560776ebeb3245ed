//! What people and machines do, one use case a file.
//!
//! A use case reads, lets the pure rules decide, and writes what they decided. It takes the ports it
//! needs, the time, and values that were parsed and verified at the edge.

mod advance;
mod cancel;
mod confirm;
mod open;
mod redeem;
mod remembered;
mod scan;
mod sign_in;
mod sms;
mod status;

pub use advance::StepError;
pub use cancel::{abandon, cancel, replace};
pub use confirm::confirm;
pub use open::{OpenError, Opened, Opening, open};
pub use redeem::{Redeemed, redeem};
pub use remembered::{Answered, Asked, Lives, answer, begin, fall_back, pending};
pub use scan::scan;
pub use sign_in::{
    Renewed, SignInError, SignedIn, live_phone, refresh, refresh_token, sign_in_by_sms, sign_out,
};
pub use sms::{SendError, Sent, send_code};
pub use status::{View, status};
