//! The record of who did what to which session, from where.

use std::{net::IpAddr, time::Duration};

use crate::{
    identity::{ClientId, Phone},
    opener::MachineName,
    secrets::SessionCode,
};

/// One step of a session, taken or refused, or the refusal to open one. It holds no secret, token or telephone number.
#[derive(Clone, Debug)]
pub struct AuditEvent<'a> {
    /// The step: `opened`, or the state that the session reached; `refused` for a step that was not taken; `unsure` when the
    /// store's answer is lost.
    pub step: &'static str,
    /// Why it was cancelled or refused; or the step that may have been taken.
    pub reason: Option<String>,
    /// The session's code, if there is a session. A record holds only a keyed hash of it.
    pub code: Option<&'a SessionCode>,
    /// The session's client, where it is known.
    pub client: Option<&'a ClientId>,
    /// The phone that acts, or that holds the session.
    pub phone: Option<&'a Phone>,
    /// The address of the caller; `None` when no caller took the step.
    pub address: Option<IpAddr>,
    /// The enrolled machine that opened the session, if one did and the session is known.
    pub machine: Option<&'a MachineName>,
    /// How long the session had been open; `None` for a step that was not taken, or may not have been.
    pub age: Option<Duration>,
}

/// Keeps audit events. It cannot fail, so that no step waits for it.
pub trait Audit: Send + Sync {
    /// Records an event.
    fn record(&self, event: &AuditEvent<'_>);
}
