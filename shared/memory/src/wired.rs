//! The use cases over one memory, as tests need them.

use std::sync::Arc;

use saoma_domain::{
    cases::{BindMachine, CountVisit, Each, EndBrowser, Logins, MakePair, NoSockets},
    client::BuiltIns,
    ports::{Audit, AuditEvent, Randomness},
};

use crate::Memory;

/// Keeps no record.
struct NoAudit;

impl Audit for NoAudit {
    fn record(&self, _: &AuditEvent<'_>) {}
}

/// The session core over this memory, with what every contract does for a confirmed login.
pub fn logins(memory: &Arc<Memory>, random: Arc<dyn Randomness>) -> Logins {
    let on_confirm = Each(vec![
        Arc::new(BindMachine(memory.clone())),
        Arc::new(MakePair(memory.clone())),
        Arc::new(CountVisit(memory.clone())),
        Arc::new(EndBrowser(memory.clone())),
    ]);
    Logins {
        sessions: memory.clone(),
        clients: memory.clone(),
        built_ins: BuiltIns::Served("Saoma".to_owned()),
        audit: Arc::new(NoAudit),
        checks: memory.clone(),
        on_confirm: Arc::new(on_confirm),
        history: memory.clone(),
        tell: Arc::new(NoSockets),
        random,
    }
}
