//! The codes sent by SMS, the callers who asked for them, the known devices, and the counts of what messages cost.

use async_trait::async_trait;
use saoma_domain::{
    identity::{Phone, PhoneNumber},
    known_device::KnownDevice,
    ports::{Challenges, KnownDevices, Recorded, StoreError, Switches, Tries, WriteId},
    sms_budget::{Charge, CountKey},
    sms_challenge::{Challenge, ChallengeId, Lane, Records},
};

use super::{Data, Memory, key_of, let_others_in};

#[async_trait]
impl Challenges for Memory {
    async fn records(&self, id: &ChallengeId) -> Result<Option<Records>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let (challenge, _) = data.challenges.get(id)?.clone();
            Some(read(data, challenge))
        })
    }

    async fn records_of(
        &self,
        id: &ChallengeId,
        number: &PhoneNumber,
        device: Option<&Phone>,
    ) -> Result<Records, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stored = data.challenges.get(id).map(|(challenge, _)| challenge.clone());
            let challenge = stored.unwrap_or_else(|| Challenge::new(id.clone(), number.clone()));
            let phone = challenge.device.as_ref().or(device);
            let device = phone.and_then(|phone| known(data, phone));
            Records { open: lane(data, &challenge.number), device, challenge }
        })
    }

    async fn replace(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError> {
        let_others_in().await;
        self.call(|data| {
            if is_done(data, next, write) {
                return Recorded::Stored;
            }
            if !follows(data, before) {
                return Recorded::Behind;
            }
            if let Some(refused) = charges.iter().find_map(|charge| refusal(data, charge)) {
                return refused;
            }
            for charge in charges {
                take(data, charge);
            }
            store(data, next, write);
            Recorded::Stored
        })
    }

    async fn take_back(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
        write: &WriteId,
    ) -> Result<Recorded, StoreError> {
        let_others_in().await;
        self.call(|data| {
            if is_done(data, next, write) {
                return Recorded::Stored;
            }
            if !follows(data, before) {
                return Recorded::Behind;
            }
            for charge in charges {
                give_back(data, charge);
            }
            store(data, next, write);
            Recorded::Stored
        })
    }

    async fn counted(&self, keys: &[CountKey]) -> Result<Vec<u32>, StoreError> {
        self.call(|data| keys.iter().map(|key| data.counts.get(key).copied().unwrap_or_default()).collect())
    }
}

#[async_trait]
impl Tries for Memory {
    async fn take(&self, charges: &[Charge]) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let full = charges.iter().any(|charge| refusal(data, charge).is_some());
            if !full {
                for charge in charges {
                    take(data, charge);
                }
            }
            !full
        })
    }

    async fn give_back(&self, charges: &[Charge]) -> Result<(), StoreError> {
        self.call(|data| {
            for charge in charges {
                give_back(data, charge);
            }
        })
    }
}

#[async_trait]
impl KnownDevices for Memory {
    async fn device(&self, phone: &Phone) -> Result<Option<KnownDevice>, StoreError> {
        self.call(|data| known(data, phone))
    }

    async fn remember(&self, device: &KnownDevice) -> Result<(), StoreError> {
        self.call(|data| {
            let key = key_of(&device.phone);
            if data.sign_ins.get(&key).is_some_and(|(sign_in, _)| !sign_in.ended) {
                data.known.entry(key).or_insert_with(|| device.clone());
            }
        })
    }
}

#[async_trait]
impl Switches for Memory {
    async fn sms_is_on(&self) -> Result<bool, StoreError> {
        self.call(|data| !data.sms_is_off)
    }

    async fn switch_sms(&self, on: bool) -> Result<(), StoreError> {
        self.call(|data| data.sms_is_off = !on)
    }
}

fn read(data: &Data, challenge: Challenge) -> Records {
    let device = challenge.device.as_ref().and_then(|phone| known(data, phone));
    Records { open: lane(data, &challenge.number), device, challenge }
}

fn lane(data: &Data, number: &PhoneNumber) -> Lane {
    data.lanes.get(number.as_str()).cloned().unwrap_or_default()
}

fn known(data: &Data, phone: &Phone) -> Option<KnownDevice> {
    data.known.get(&key_of(phone)).cloned()
}

fn is_done(data: &Data, next: &Records, write: &WriteId) -> bool {
    data.challenges.get(&next.challenge.id).is_some_and(|(_, last)| last == write)
}

fn follows(data: &Data, before: &Records) -> bool {
    let challenge = data.challenges.get(&before.challenge.id).map_or(0, |(challenge, _)| challenge.version);
    let stored = before.device.as_ref().map(|device| known(data, &device.phone));
    challenge == before.challenge.version
        && lane(data, &before.challenge.number).version == before.open.version
        && stored.is_none_or(|stored| {
            stored.map(|device| device.lane.version) == before.device.as_ref().map(|it| it.lane.version)
        })
}

fn store(data: &mut Data, next: &Records, write: &WriteId) {
    let Records { challenge, open, device } = next.clone();
    data.lanes.insert(challenge.number.as_str().to_owned(), open);
    if let Some(device) = device {
        data.known.insert(key_of(&device.phone), device);
    }
    data.challenges.insert(challenge.id.clone(), (challenge, write.clone()));
}

fn refusal(data: &Data, charge: &Charge) -> Option<Recorded> {
    match charge {
        Charge::Count { key, limit, .. } => {
            let full = data.counts.get(key).is_some_and(|count| count >= limit);
            full.then_some(Recorded::Full)
        }
        Charge::Puzzle(id) => data.puzzles.contains(id).then_some(Recorded::PuzzleTaken),
    }
}

fn take(data: &mut Data, charge: &Charge) {
    match charge {
        Charge::Count { key, by, .. } => *data.counts.entry(key.clone()).or_default() += by,
        Charge::Puzzle(id) => {
            data.puzzles.insert(id.clone());
        }
    }
}

fn give_back(data: &mut Data, charge: &Charge) {
    match charge {
        Charge::Count { key, by, .. } => {
            let count = data.counts.entry(key.clone()).or_default();
            *count = count.saturating_sub(*by);
        }
        Charge::Puzzle(id) => {
            data.puzzles.remove(id);
        }
    }
}
