//! All data ports over one lock.
//!
//! This file has the data, the lock, and the one function through which every call takes the lock. The rest:
//!
//! * `controls`: what tests do behind the ports: faults, stale reads, records to start with and to look at.
//! * `belongings`: what an account has, listed and ended; `leaving`: how it is deleted.
//! * `sessions`, `clients`, `accounts`, `sign_ins`, `challenges`, `devices`, `traces`, `prompts`, `effects`,
//!   `push_endpoints`, `servers`, `key_sets`, `once`, `watchers`: one port a file.
//!
//! No port calls another. They share only the data.

mod accounts;
mod belongings;
mod challenges;
mod clients;
mod controls;
mod devices;
mod effects;
mod key_sets;
mod leaving;
mod once;
mod prompts;
mod push_endpoints;
mod servers;
mod sessions;
mod sign_ins;
mod traces;
mod watchers;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use saoma_domain::{
    account::{Account, VisitCount},
    belongings::{Machine, Pair},
    client::Client,
    effect::Effect,
    history::{Entry, EntryId},
    identity::{AccountId, ClientId, Identity, Phone, SignInId},
    issuer::KeySetUrl,
    known_device::KnownDevice,
    opener::EnrolledMachine,
    pairing::{MadeBy, Trace},
    ports::{KeptKeySet, StoreError, WriteId},
    prompt_log::PromptLog,
    push::{PushEndpoint, PushTokenId},
    secrets::SessionCode,
    session::{Session, TraceId},
    sign_in::SignIn,
    sms_budget::CountKey,
    sms_challenge::{Challenge, ChallengeId, Lane},
    sms_puzzle::PuzzleId,
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// A failure that a test injects into a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails before it takes effect, as when it is throttled.
    Refused,
    /// The call takes effect, and its answer is lost.
    AnswerLost,
}

/// Everything, in memory.
#[derive(Default)]
pub struct Memory(Mutex<Data>);

#[derive(Default)]
struct Data {
    /// Each session, and the write it came from.
    sessions: HashMap<String, (Session, WriteId)>,
    /// The stale copies that eventual reads still see; `None` for a session that they do not see yet.
    stale: HashMap<String, Option<Session>>,
    /// Each client, and the write it came from.
    clients: BTreeMap<String, (Client, WriteId)>,
    /// When the last client of an id was removed, and the write that removed it.
    removed_clients: HashMap<String, (Timestamp, WriteId)>,
    /// By client and name, with the write each came from; `None` for one that was removed.
    enrolled: BTreeMap<(String, String), Option<(EnrolledMachine, WriteId)>>,
    accounts: HashMap<String, Account>,
    identities: HashMap<Identity, AccountId>,
    /// By account and id, with the write each came from.
    sign_ins: BTreeMap<(String, String), (SignIn, Option<WriteId>)>,
    challenges: HashMap<ChallengeId, (Challenge, WriteId)>,
    lanes: HashMap<String, Lane>,
    /// By account and sign-in.
    known: BTreeMap<(String, String), KnownDevice>,
    counts: HashMap<CountKey, u32>,
    puzzles: HashSet<PuzzleId>,
    /// When each was used, and the write that used it.
    used: HashMap<String, (Timestamp, WriteId)>,
    sms_is_off: bool,
    /// By account and id.
    history: BTreeMap<(String, EntryId), Entry>,
    /// By account and hardware address.
    machines: BTreeMap<(String, String), Bound>,
    /// By account, and client with kind of device.
    pairs: BTreeMap<(String, String), Paired>,
    traces: HashMap<TraceId, Trace>,
    prompts: HashMap<AccountId, PromptLog>,
    servers: HashMap<ClientId, servers::Server>,
    /// Each key set, and the write that has its turn.
    key_sets: HashMap<KeySetUrl, (KeptKeySet, Option<WriteId>)>,
    effects: HashMap<(SessionCode, u64), Vec<Effect>>,
    present: HashMap<AccountId, HashMap<SignInId, Timestamp>>,
    endpoints: BTreeMap<PushTokenId, PushEndpoint>,
    visits: HashMap<AccountId, (SessionCode, VisitCount)>,
    /// The screens that watch each session, the newest first.
    watchers: HashMap<WatchRef, Vec<Watcher>>,
    /// Calls until the fault strikes, and the fault.
    fault: Option<(usize, Fault)>,
    /// How many more calls it strikes after the first one.
    strikes_again: usize,
    calls: usize,
}

/// A machine, when it was last used, and when the person removed it, if they did.
#[derive(Clone, Debug)]
struct Bound {
    machine: Machine,
    used_at: Timestamp,
    forgotten_at: Option<Timestamp>,
}

impl Bound {
    const fn is_forgotten(&self) -> bool {
        self.forgotten_at.is_some()
    }
}

/// A pair, and the login that made it.
#[derive(Clone, Debug)]
struct Paired {
    pair: Pair,
    made_by: MadeBy,
    forgotten: bool,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one call, with the fault that is due, if there is one.
    fn call<T>(&self, work: impl FnOnce(&mut Data) -> T) -> Result<T, StoreError> {
        let mut data = self.lock();
        data.calls += 1;
        let due = match data.fault.as_mut() {
            Some((0, fault)) => Some(*fault),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        match due {
            None => Ok(work(&mut data)),
            Some(fault) => {
                let again = data.strikes_again.checked_sub(1);
                data.fault = again.map(|_| (0, fault));
                data.strikes_again = again.unwrap_or_default();
                if fault == Fault::AnswerLost {
                    work(&mut data);
                }
                Err(StoreError::new("injected fault"))
            }
        }
    }
}

/// Where the records of a phone are.
fn key_of(phone: &Phone) -> (String, String) {
    (phone.account.to_string(), phone.sign_in.as_str().to_owned())
}

/// Lets other tasks run between a read and the write that was decided on it. A real store answers later, and
/// tests should meet the same races.
async fn let_others_in() {
    tokio::task::yield_now().await;
}
