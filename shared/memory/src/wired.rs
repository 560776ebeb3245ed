//! The use cases over one memory, as tests need them.

use std::sync::Arc;

use saoma_domain::{
    cases::{BindMachine, CountVisit, Each, Logins, MakePair},
    ports::Randomness,
};

use crate::Memory;

/// The session core over this memory, with what every contract does for a confirmed login.
pub fn logins(memory: &Arc<Memory>, random: Arc<dyn Randomness>) -> Logins {
    let on_confirm = Each(vec![
        Arc::new(BindMachine(memory.clone())),
        Arc::new(MakePair(memory.clone())),
        Arc::new(CountVisit(memory.clone())),
    ]);
    Logins {
        sessions: memory.clone(),
        clients: memory.clone(),
        checks: memory.clone(),
        on_confirm: Arc::new(on_confirm),
        history: memory.clone(),
        random,
    }
}
