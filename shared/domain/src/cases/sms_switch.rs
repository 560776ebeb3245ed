//! Whether operators let messages out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    ports::{StoreError, Switches},
    time::Timestamp,
};

/// How long a reading of the switch holds.
const READ_FOR: Duration = Duration::from_secs(5);

/// The switch for text messages. An instance reads it again after five seconds.
pub struct SmsSwitch {
    switches: Arc<dyn Switches>,
    read: Mutex<Option<(Timestamp, bool)>>,
}

impl SmsSwitch {
    /// The switch in this store.
    #[must_use]
    pub fn new(switches: Arc<dyn Switches>) -> Self {
        Self { switches, read: Mutex::new(None) }
    }

    /// Whether messages may go out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_on(&self, now: Timestamp) -> Result<bool, StoreError> {
        let read = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, is_on)) = read.filter(|(at, _)| now.since(*at) < READ_FOR) {
            return Ok(is_on);
        }
        let is_on = self.switches.sms_is_on().await?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, is_on));
        Ok(is_on)
    }
}
