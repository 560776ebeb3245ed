//! What people and machines do, one use case a file.
//!
//! A use case reads, lets the pure rules decide, and writes their decision. One struct holds its ports. Its
//! arguments are the time, and values that the edge has parsed and verified.
//!
//! * [`Logins`]: the session core. `open`, `scan`, `confirm`, `cancel`, `redeem`, `status`, a file each.
//! * `on_confirm`: what each contract does for a confirmed login.
//! * [`RememberedLogins`]: logins of hosted clients, with and without a scan.
//! * [`AskedLogins`]: logins in which a client's server has a known person asked.
//! * [`ClientKeeper`], [`AccountKeeper`]: clients and accounts, as operators keep them; `enrollment`: a client's machines.
//! * [`KeyKeeper`]: the versions of the signing secret, as operators change them.
//! * `noted`: writes a redeemed login into the person's history.
//! * [`Mine`]: what a person ends of what is theirs, and how they leave; `export`: all that is kept of them.
//! * [`People`]: the phone's own sign-in; `sms` is one way to prove who a person is, and `own_number` asks
//!   for that proof again; `sms_switch` lets operators stop it.
//! * [`ForeignPeople`]: people whose phones present tokens of other issuers; `registration` serves them and [`People`] alike.
//! * [`TypedCodes`]: finds the session of a code that a person typed.
//! * [`Browsers`]: browsers that are signed in at the issuer, and what they sign in without a scan.
//! * [`NoSockets`]: tells screens nothing, where there are no sockets.
//! * `stands`: whether a sign-in counts by itself.
//! * [`Screens`]: screens that OAuth gave refresh tokens; `rotate` serves them and phones alike.

mod accounts;
mod ask;
mod browsers;
mod cancel;
mod clients;
mod confirm;
mod enrollment;
mod export;
mod foreign;
mod keys;
mod logins;
mod mine;
mod noted;
mod on_confirm;
mod open;
mod own_number;
mod people;
mod redeem;
mod registration;
mod remembered;
mod rotate;
mod scan;
mod screens;
mod sms;
mod sms_switch;
mod sockets;
mod stands;
mod status;
mod typed;

pub use accounts::{AccountError, AccountKeeper, Found};
pub use ask::{Askable, AskedLogins, Question, will_ask};
pub use browsers::{BeginHere, Browsers, SignedInBrowser};
pub use clients::{ClientKeeper, KeeperError, Rejected};
pub use export::{Everything, MOST_EXPORTED};
pub use foreign::{ForeignCall, ForeignError, ForeignPeople, ForeignStep};
pub use keys::{Dropped, KeyKeeper, KeysError, Rotation, SeedMaker};
pub use logins::{Logins, StepError, StepFailure, Subject, Target};
pub use mine::{List, MARK_KEPT, Mine, Removed, Row};
pub use on_confirm::{BindMachine, CountVisit, Each, EndBrowser, KeepNothing, MakePair};
pub use open::{OpenError, Opened, Opening};
pub use people::{People, Proof, Renewed, SignInError, SignedIn};
pub use redeem::Redeemed;
pub use remembered::{Answered, Asked, Lives, RememberedLogins};
pub use screens::Screens;
pub use sms::{Asking, SendError, Sent, Texting};
pub use sms_switch::SmsSwitch;
pub use sockets::NoSockets;
pub use status::View;
pub use typed::{TypedCodes, TypedError};
