//! The clock, the randomness and the services behind the ports, under a test's control.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use saoma_domain::{
    identity::{AccountId, PhoneNumber},
    ports::{
        CallError, CallFailure, Calls, Clock, FailedCalls, Pictures, Postpone, Push, Pushed, QueuedCall,
        Randomness, Sms, SmsError, StoreError, Tell, Topic, TopicMessage, WaitingCall, Watchers, Webhook,
        Webhooks,
    },
    push::{PushMessage, PushPlatform, PushToken},
    session::PictureName,
    time::Timestamp,
    watching::{WatchRef, Watcher},
};
use sha2::{Digest, Sha256};
use tokio::sync::Barrier;

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

/// Bytes that look random and are the same in every run: SHA-256 of a seed and a counter.
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

/// Notes which screens and phones were told to poll, instead of telling them.
pub struct Bell {
    watchers: Arc<dyn Watchers>,
    rung: Mutex<Vec<(WatchRef, Vec<Watcher>)>>,
    fails: AtomicBool,
}

impl Bell {
    /// A bell for those that watch here.
    #[must_use]
    pub fn of(watchers: Arc<dyn Watchers>) -> Self {
        Self { watchers, rung: Mutex::default(), fails: AtomicBool::default() }
    }

    /// The sessions and persons whose watchers were told since this was last asked, each with its watchers.
    #[must_use]
    pub fn rung(&self) -> Vec<(WatchRef, Vec<Watcher>)> {
        std::mem::take(&mut self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on telling fails, or works again.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

#[async_trait]
impl Tell for Bell {
    async fn tell(&self, session: &WatchRef, watchers: &[Watcher], _: Timestamp) -> Result<(), StoreError> {
        let rung = (session.clone(), watchers.to_vec());
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).push(rung);
        if self.fails.load(Ordering::SeqCst) { Err(StoreError::new("told to fail")) } else { Ok(()) }
    }

    async fn tell_person(&self, person: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let phones = self.watchers.phones_of(person, now).await?;
        if phones.is_empty() { Ok(()) } else { self.tell(&WatchRef::of_person(person), &phones, now).await }
    }
}

/// Keeps the messages instead of sending them.
#[derive(Default)]
pub struct Outbox {
    messages: Mutex<Vec<(String, String)>>,
    fails: AtomicBool,
    loses: AtomicBool,
}

impl Outbox {
    /// All messages so far: number and text.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, String)> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the service refuse the next message.
    pub fn fail_next(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    /// Makes the service take the next message, and its answer get lost.
    pub fn lose_next_answer(&self) {
        self.loses.store(true, Ordering::SeqCst);
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
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), SmsError> {
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err(SmsError::Refused(StoreError::new("made to fail")));
        }
        let message = (number.as_str().to_owned(), text.to_owned());
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        if self.loses.swap(false, Ordering::SeqCst) {
            return Err(SmsError::Unanswered(StoreError::new("made to lose its answer")));
        }
        Ok(())
    }
}

/// Keeps pictures in a drawer.
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
    async fn put(&self, name: &PictureName, picture: Vec<u8>) -> Result<(), StoreError> {
        let mut pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.insert(name.as_str().to_owned(), picture);
        Ok(())
    }

    async fn get(&self, name: &PictureName) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.pictures().remove(name.as_str()))
    }
}

/// Keeps pushes, topic messages and webhooks instead of sending them. A test can make phones and servers fail.
#[derive(Default)]
pub struct Post(Mutex<Posted>);

/// Everything that was sent, and the switches that make services fail.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a service that can fail by itself")]
pub struct Posted {
    /// Accepted pushes: address, kind and id.
    pub pushes: Vec<(String, PushMessage)>,
    /// Messages on the topic.
    pub messages: Vec<TopicMessage>,
    /// Calls that wait in the queue.
    pub queued: Vec<QueuedCall>,
    /// The failure queue: calls, each with whether it is in sight. A call that was removed leaves its place.
    pub failed_calls: Vec<Option<(Result<QueuedCall, StoreError>, bool)>>,
    /// What was put back into the queue: its receipt, and for how long.
    pub postponed: Vec<(String, Duration)>,
    /// Accepted webhooks.
    pub webhooks: Vec<Webhook>,
    /// Refused webhooks.
    pub refused: usize,
    /// Addresses that the service was asked to forget.
    pub forgotten: Vec<String>,
    /// Addresses of phones that no longer exist.
    pub dead: Vec<String>,
    /// Whether pushes fail.
    pub pushes_fail: bool,
    /// Whether the topic fails.
    pub topic_fails: bool,
    /// Whether the queue fails.
    pub queue_fails: bool,
    /// How webhooks fail, if they do.
    pub webhooks_fail: Option<CallFailure>,
    /// Words in the bodies of calls that fail, in the queue and at the server.
    pub closed: Vec<String>,
    /// Whether push is off.
    pub push_is_off: bool,
    /// A barrier at which webhooks wait for one another before they are accepted.
    pub meeting: Option<Arc<Barrier>>,
}

impl Post {
    /// Everything that was sent.
    #[must_use]
    pub fn sent(&self) -> Posted {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what fails, or forgets what was sent.
    pub fn change(&self, change: impl FnOnce(&mut Posted)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn send(
        &self,
        fails: impl Fn(&Posted) -> bool,
        send: impl FnOnce(&mut Posted),
    ) -> Result<(), StoreError> {
        let mut posted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fails(&posted) {
            return Err(StoreError::new("made to fail"));
        }
        send(&mut posted);
        Ok(())
    }
}

#[async_trait]
impl Push for Post {
    fn serves(&self, _: PushPlatform) -> bool {
        !self.sent().push_is_off
    }

    async fn address(&self, platform: PushPlatform, token: &PushToken) -> Result<String, StoreError> {
        Ok(format!("{}/{}", platform.as_str(), token.reveal()))
    }

    async fn push(
        &self,
        _: PushPlatform,
        address: &str,
        message: &PushMessage,
    ) -> Result<Pushed, StoreError> {
        if self.sent().dead.iter().any(|dead| dead == address) {
            return Ok(Pushed::Dead);
        }
        let push = (address.to_owned(), message.clone());
        self.send(|posted| posted.pushes_fail, |posted| posted.pushes.push(push)).map(|()| Pushed::Accepted)
    }

    async fn forget(&self, address: &str) -> Result<(), StoreError> {
        self.send(|_| false, |posted| posted.forgotten.push(address.to_owned()))
    }
}

#[async_trait]
impl Topic for Post {
    async fn publish(&self, message: &TopicMessage) -> Result<(), StoreError> {
        self.send(|posted| posted.topic_fails, |posted| posted.messages.push(message.clone()))
    }
}

#[async_trait]
impl Calls for Post {
    async fn queue(&self, call: &QueuedCall) -> Result<(), StoreError> {
        let fails =
            |posted: &Posted| posted.queue_fails || posted.closed.iter().any(|word| call.body.contains(word));
        self.send(fails, |posted| posted.queued.push(call.clone()))
    }
}

#[async_trait]
impl Postpone for Post {
    async fn postpone(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        self.send(|posted| posted.queue_fails, |posted| posted.postponed.push((receipt.to_owned(), pause)))
    }
}

/// The calls that failed are named by their places.
#[async_trait]
impl FailedCalls for Post {
    async fn take(&self, _: Duration) -> Result<Vec<WaitingCall>, StoreError> {
        let mut taken = Vec::new();
        let hide = |posted: &mut Posted| {
            for (place, failed) in posted.failed_calls.iter_mut().enumerate() {
                let Some((call, shown @ true)) = failed else { continue };
                *shown = false;
                let (message, receipt) = (place.to_string(), place.to_string());
                taken.push(WaitingCall { message, receipt, handovers: 1, call: call.clone() });
            }
        };
        self.send(|posted| posted.queue_fails, hide)?;
        Ok(taken)
    }

    async fn show_again(&self, receipt: &str) -> Result<(), StoreError> {
        self.change(|posted| {
            let failed = posted.failed_calls.iter_mut().enumerate();
            failed.filter(|(place, _)| place.to_string() == receipt).for_each(|(_, failed)| {
                if let Some((_, shown)) = failed {
                    *shown = true;
                }
            });
        });
        Ok(())
    }

    async fn remove(&self, receipt: &str) -> Result<(), StoreError> {
        self.change(|posted| {
            let failed = posted.failed_calls.iter_mut().enumerate();
            failed.filter(|(place, _)| place.to_string() == receipt).for_each(|(_, failed)| *failed = None);
        });
        Ok(())
    }
}

#[async_trait]
impl Webhooks for Post {
    async fn call(&self, webhook: &Webhook, _: Duration) -> Result<(), CallError> {
        if let Some(meeting) = self.sent().meeting {
            meeting.wait().await;
        }
        let mut posted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = posted.closed.iter().any(|word| webhook.body.contains(word));
        let closed = closed.then_some(CallFailure::Refused { status: 500, retry_after: None });
        let Some(why) = posted.webhooks_fail.clone().or(closed) else {
            posted.webhooks.push(webhook.clone());
            return Ok(());
        };
        posted.refused += 1;
        Err(CallError { host: webhook.url.url().host_str().unwrap_or_default().to_owned(), why })
    }
}
