//! The stores behind codes by SMS, and the alarm.

use async_trait::async_trait;

use super::{StoreError, WriteId};
use crate::{
    identity::{Phone, PhoneNumber},
    known_device::KnownDevice,
    sms_budget::{BudgetKind, Charge, CountKey, Level},
    sms_challenge::{ChallengeId, Records},
    time::Timestamp,
};

/// The result of storing records together with what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// They are stored, and the charges are taken.
    Stored,
    /// The stored versions are others by now. Nothing was written.
    Behind,
    /// A count has reached its limit. Nothing was written.
    Full,
    /// The puzzle was taken before. Nothing was written.
    PuzzleTaken,
}

/// The codes sent by SMS, the callers who asked for them, and the counts of what they cost.
#[async_trait]
pub trait Challenges: Send + Sync {
    /// The records of a caller's challenge; `None` when there is no such challenge.
    async fn records(&self, id: &ChallengeId) -> Result<Option<Records>, StoreError>;

    /// The same for a caller who names the number, and who may be a known device of it. When there is no such
    /// challenge, it is a new one. A challenge keeps the device that it began with.
    async fn records_of(
        &self,
        id: &ChallengeId,
        number: &PhoneNumber,
        device: Option<&Phone>,
    ) -> Result<Records, StoreError>;

    /// Stores the records and takes the charges, all or nothing, if the stored versions are still those of `before`
    /// and every charge can be taken. A repetition of a `write` that stored `next` already succeeds too and takes
    /// nothing more.
    async fn replace(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError>;

    /// Stores the records and gives the charges back, if the stored versions are still those of `before`.
    async fn take_back(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError>;

    /// The counts under these keys, in their order, as last written. A count that is not there is 0.
    async fn counted(&self, keys: &[CountKey]) -> Result<Vec<u32>, StoreError>;
}

/// The devices that have signed in with a number before. [`SignIns::end`](super::SignIns::end) ends them.
#[async_trait]
pub trait KnownDevices: Send + Sync {
    /// The known device of this phone, as last written.
    async fn device(&self, phone: &Phone) -> Result<Option<KnownDevice>, StoreError>;

    /// Stores a new device if its sign-in is there and was not ended. One that is stored already stays as it is.
    async fn remember(&self, device: &KnownDevice) -> Result<(), StoreError>;
}

/// What operators switch.
#[async_trait]
pub trait Switches: Send + Sync {
    /// Whether text messages may go out. They may until an operator says otherwise.
    async fn sms_is_on(&self) -> Result<bool, StoreError>;

    /// Lets text messages out, or keeps them in.
    async fn switch_sms(&self, on: bool) -> Result<(), StoreError>;
}

/// Hears of budgets that are used up.
pub trait SmsAlarm: Send + Sync {
    /// A budget is past its soft or its hard limit. It may be called for every message.
    fn ring(&self, budget: BudgetKind, level: Level, now: Timestamp);
}
