//! Tells operators that a budget for text messages is used up.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::metrics::{Metric, Metrics};
use saoma_domain::{
    ports::SmsAlarm,
    sms_budget::{BudgetKind, Level},
    time::Timestamp,
};

/// Writes one warning for each budget and level, and writes it again after an hour. Its fields `budget` and `budget_level`
/// never change, so that an alarm can be made of them.
pub struct LoggedAlarm {
    metrics: Metrics,
    hour: Mutex<(u64, HashSet<(BudgetKind, &'static str)>)>,
}

impl LoggedAlarm {
    /// An alarm that also counts what it tells.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, hour: Mutex::default() }
    }
}

impl SmsAlarm for LoggedAlarm {
    fn ring(&self, budget: BudgetKind, level: Level, now: Timestamp) {
        let budget_level = match level {
            Level::Free => return,
            Level::Soft(_) => "soft",
            Level::Hard => "hard",
        };
        let mut told = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now.secs() / 3600;
        if told.0 != hour {
            *told = (hour, HashSet::new());
        }
        if told.1.insert((budget, budget_level)) {
            let budget = budget.as_str();
            self.metrics.count_because(Metric::SmsBudgetReached, budget, now);
            tracing::warn!(budget, budget_level, "a budget for text messages is past its limit");
        }
    }
}
