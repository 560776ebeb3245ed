//! Who was signed in where, so that the next login need not be scanned (`docs/remembered.md`).

use std::time::Duration;

use crate::{
    identity::{ClientId, SignInId},
    secrets::SessionCode,
    session::{DeviceId, TraceId},
    time::Timestamp,
};

/// The last login by QR of one person, with one client, on one kind of device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The device.
    pub device: DeviceId,
    /// The phone that scanned.
    pub sign_in: SignInId,
    /// Whether the person may be asked without a scan. Not after they cancelled being asked.
    pub may_prompt: bool,
}

/// A call that waits for answers. It never changes: what it came to is read off its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Who asked. Nobody else gets to know of it.
    pub client: ClientId,
    /// The session that asks the person, where somebody may be asked.
    pub prompt: Option<SessionCode>,
    /// The session shown as a QR; behind a prompt it exists only once the prompt was undeliverable.
    pub qr: SessionCode,
    /// Until when its answers can be fetched.
    pub expires_at: Timestamp,
}

/// At most [`PROMPTS_IN_WINDOW`] prompts go to one person within this time (`docs/security.md` H1).
pub const PROMPT_WINDOW: Duration = Duration::from_mins(10);
/// The most prompts within [`PROMPT_WINDOW`].
pub const PROMPTS_IN_WINDOW: usize = 3;
/// A phone that asked for what waits within this time will see a prompt without a push.
pub const PRESENCE: Duration = Duration::from_secs(20);
/// That it asked is noted this often at the most, so that most of its polls write nothing. What is
/// noted may be older by this than what happened.
pub const PRESENCE_NOTED: Duration = Duration::from_secs(10);
