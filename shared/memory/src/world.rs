//! The rest of the world, as tests want it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Clock, Pictures, Randomness, Sms, StoreError},
    session::PictureName,
    time::Timestamp,
};
use sha2::{Digest, Sha256};

/// A clock that moves only when told to.
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// 2024-01-23 16:20:38 in Shanghai: the moment of the kiosk contract's example.
    pub const EXAMPLE: Timestamp = Timestamp::from_secs(1_705_998_038);

    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.millis()))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Puts it anywhere, back in time too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same every time: SHA-256 of a seed and a counter.
pub struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    /// A generator for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }

    /// Starts over: the next bytes are the first ones again.
    pub fn rewind(&self) {
        self.drawn.store(0, Ordering::SeqCst);
    }
}

impl Randomness for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let n = self.drawn.fetch_add(1, Ordering::SeqCst);
            let block =
                Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(n.to_le_bytes()).finalize();
            for (byte, drawn) in chunk.iter_mut().zip(block) {
                *byte = drawn;
            }
        }
    }
}

/// Keeps the messages instead of sending them.
#[derive(Default)]
pub struct Outbox(Mutex<Vec<(String, String)>>);

impl Outbox {
    /// All messages so far: number and text.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The six digits of the last message.
    #[must_use]
    pub fn last_code(&self) -> Option<String> {
        let (_, text) = self.messages().pop()?;
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).map(str::to_owned)
    }
}

#[async_trait]
impl Sms for Outbox {
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), StoreError> {
        let message = (number.as_str().to_owned(), text.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }
}

/// Keeps pictures in a drawer; its addresses are made up.
#[derive(Default)]
pub struct Drawer(Mutex<BTreeMap<String, Vec<u8>>>);

impl Drawer {
    /// The pictures by name.
    #[must_use]
    pub fn pictures(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Pictures for Drawer {
    async fn put(&self, name: &PictureName, png: Vec<u8>) -> Result<(), StoreError> {
        let mut pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.insert(name.as_str().to_owned(), png);
        Ok(())
    }

    async fn address(&self, name: &PictureName, _: Timestamp, _: Timestamp) -> Result<String, StoreError> {
        Ok(format!("https://pictures.example/{}", name.as_str()))
    }
}
