//! What people and machines do, one use case a file.
//!
//! A use case reads, lets the pure rules decide, and writes what they decided. Its ports stand in one struct;
//! its arguments are the time and values that were parsed and verified at the edge.
//!
//! * [`Logins`]: the session core. `open`, `scan`, `confirm`, `cancel`, `redeem`, `status`, a file each.
//! * `on_confirm`: what stays of a confirmed login, by contract.
//! * [`RememberedLogins`]: logins of hosted clients, with and without a scan.
//! * [`People`]: the phone's own sign-in.

mod cancel;
mod confirm;
mod logins;
mod on_confirm;
mod open;
mod people;
mod redeem;
mod remembered;
mod scan;
mod status;

pub use logins::{Logins, StepError, StepFailure, Subject, Target};
pub use on_confirm::{BindMachine, CountVisit, Each, KeepNothing, MakePair};
pub use open::{OpenError, Opened, Opening};
pub use people::{People, Proof, Renewed, SendError, Sent, SignInError, SignedIn};
pub use redeem::Redeemed;
pub use remembered::{Answered, Asked, Lives, RememberedLogins};
pub use status::View;
