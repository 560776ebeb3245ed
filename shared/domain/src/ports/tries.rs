//! The counts of tries at what could be guessed.

use async_trait::async_trait;

use super::StoreError;
use crate::sms_budget::Charge;

/// Counts tries.
#[async_trait]
pub trait Tries: Send + Sync {
    /// Takes the charges, all or nothing. `false`, and nothing taken, when a count has reached its limit.
    async fn take(&self, charges: &[Charge]) -> Result<bool, StoreError>;

    /// Gives taken charges back.
    async fn give_back(&self, charges: &[Charge]) -> Result<(), StoreError>;
}
