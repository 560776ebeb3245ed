//! What the rules need from the world.
//!
//! Each trait is narrow, so a function holds only what it uses, and its IAM policy lists the same. Absence is
//! `Option`. An `Err` means that a store or a service failed; trying again is safe.
//!
//! * `world`: the time and unpredictable bytes: [`Clock`], [`Randomness`].
//! * `keys`: the signing secrets and what is made with them: [`SigningSecrets`], [`KeyStages`], [`KeyMaker`],
//!   [`KeyedHash`], [`WebhookKeys`].
//! * `error`: the one error of all ports: [`StoreError`].
//! * `sessions`: the store of [`Sessions`], and the results of a write to it.
//! * `people`: the stores of the people and products around a session: [`Clients`], [`Accounts`],
//!   [`SignIns`], [`Checks`], [`Machines`], [`Pairs`], [`Visits`], [`PushEndpoints`].
//! * `registry`: the store of clients, as operators change it: [`Registry`].
//! * `belongings`: what an account has, as its person lists and ends it: [`HistoryWriter`], [`Belongings`],
//!   [`Leaving`].
//! * `sms`: the stores behind codes by SMS: [`Challenges`], [`KnownDevices`], [`Switches`]; and [`SmsAlarm`].
//! * `on_confirm`: what a contract does when a person agrees: [`OnConfirm`].
//! * `audit`: the record of who did what to which session: [`Audit`].
//! * `prompts`: the stores behind a login without a scan: [`Traces`] and [`Prompts`].
//! * `calls`: the calls to clients' servers: [`Calls`] puts one into the queue, [`Postpone`] makes it wait there,
//!   [`Servers`] says whether an instance may wait for a server, [`Webhooks`] makes the call, [`FailedCalls`] holds those
//!   that failed.
//! * `outgoing`: what else leaves the service: [`Push`], [`Topic`], [`Sms`], [`Pictures`]; and a record of what has
//!   left it already: [`Effects`].
//! * `issuers`: other products' tokens: [`IssuerTokens`] verifies one, [`PublishedKeySets`] fetches key sets, [`KeySets`] keeps
//!   them.
//! * `once`: the record of what may be used once: [`OnceOnly`].
//! * `tries`: the counts of tries at what could be guessed: [`Tries`].
//! * `watchers`: the screens that watch a session, and how they are told: [`Watchers`], [`Tell`].
//!
//! No port knows another; they share the error and the [`WriteId`].

mod audit;
mod belongings;
mod calls;
mod error;
mod issuers;
mod keys;
mod on_confirm;
mod once;
mod outgoing;
mod people;
mod prompts;
mod registry;
mod sessions;
mod sms;
#[cfg(test)]
pub(crate) mod testing;
mod tries;
mod watchers;
mod world;
mod write_id;

pub use audit::{Audit, AuditEvent};
pub use belongings::{Belongings, HistoryWriter, Leaving};
pub use calls::{
    CallError, CallFailure, Calls, FailedCalls, Postpone, QueuedCall, Servers, Turn, WaitingCall, Webhook,
    Webhooks,
};
pub use error::StoreError;
pub use issuers::{ForeignClaims, IssuerTokens, KeptKeySet, KeySets, NotProven, PublishedKeySets};
pub use keys::{
    KeyMaker, KeyName, KeyStage, KeyStages, KeyedHash, KeyedTag, SecretVersion, SigningSecret,
    SigningSecrets, WebhookKeys,
};
pub use on_confirm::OnConfirm;
pub use once::{OnceOnly, OncePurpose, OneUse, Used};
pub use outgoing::{Effects, Pictures, Push, Pushed, Sms, SmsError, Topic, TopicMessage};
pub use people::{
    Accounts, Begun, Checks, Clients, EndpointKept, Machines, Pairs, PushEndpoints, RedemptionRecords,
    Replaced, SignIns, StepRecords, Visits,
};
pub use prompts::{Prompts, Traces};
pub use registry::{Kept, Registry};
pub use sessions::{Committed, Created, Freshness, Sessions};
pub use sms::{Challenges, KnownDevices, Recorded, SmsAlarm, Switches};
pub use tries::Tries;
pub use watchers::{Tell, Watchers};
pub use world::{Clock, Randomness};
pub use write_id::WriteId;
