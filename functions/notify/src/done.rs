//! What this instance has already done.
//!
//! A record comes again when one of its effects failed, and then all of them are due again. Saying
//! something twice does no harm, but nobody wants the same push five times, so what succeeded is
//! remembered: in this instance's memory, bounded and lossy. Another instance may still say it again,
//! under the same id.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use saoma_domain::session::Session;

/// Effects remembered; each takes about a hundred bytes.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(4096) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// An effect of a change.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// The person was asked, or heard of a login.
    Pushed,
    /// The topic has the event.
    Published,
}

/// The effects that succeeded.
pub struct Done(Mutex<LruCache<(String, u64, Effect), ()>>);

impl Default for Done {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Done {
    /// Whether this effect of this change is known to have come about.
    pub(crate) fn knows(&self, session: &Session, effect: Effect) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(session, effect)).is_some()
    }

    /// It has come about.
    pub(crate) fn note(&self, session: &Session, effect: Effect) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key(session, effect), ());
    }
}

fn key(session: &Session, effect: Effect) -> (String, u64, Effect) {
    (session.code.to_string(), session.version, effect)
}
