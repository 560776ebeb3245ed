//! Which person signed in on which device, so that the next login needs no scan (`docs/remembered.md`).

use std::time::Duration;

use crate::{
    identity::{ClientId, SignInId},
    secrets::SessionCode,
    session::{DeviceId, TraceId},
    time::Timestamp,
};

/// The login by QR that makes a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBy {
    /// Its session.
    pub session: SessionCode,
    /// When that was opened. A login that was opened before the one that made the pair makes none any more.
    pub opened_at: Timestamp,
}

/// The last login by QR of one person, with one client, on one kind of device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The device.
    pub device: DeviceId,
    /// The phone that scanned.
    pub sign_in: SignInId,
    /// Whether the person may be asked without a scan. A person who says no must scan the next time.
    pub may_prompt: bool,
    /// When the login that made it was opened.
    pub opened_at: Timestamp,
}

/// A hosted client's call that waits for answers. It never changes: its answers are computed from its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// The client that asked. To any other client the trace is unknown.
    pub client: ClientId,
    /// The session that asks the person; `None` where the call shows a QR from the start.
    pub prompt: Option<SessionCode>,
    /// The session shown as a QR. Behind a prompt it exists only after the prompt reached no phone.
    pub qr: SessionCode,
    /// When the client asked.
    pub created_at: Timestamp,
    /// Until when its answers can be fetched.
    pub expires_at: Timestamp,
}

/// A phone that asked for its prompts within this time is taken to be there, and needs no push.
pub const PRESENCE: Duration = Duration::from_secs(20);
/// A phone's polls are noted at most this often, so most of them write nothing. A note may therefore be older
/// by this much than the phone's last poll.
pub const PRESENCE_NOTED: Duration = Duration::from_secs(10);
