//! All data ports over one lock.
//!
//! Here are the data, the lock and the way through it that every call takes. The rest:
//!
//! * `controls`: what tests do behind the ports: faults, lags, what stands there before and after.
//! * `sessions`, `clients`, `accounts`, `sign_ins`, `challenges`, `devices`, `traces`, `prompts`, `effects`,
//!   `push_endpoints`: one port a file.
//!
//! No port knows another; they meet in the data alone.

mod accounts;
mod challenges;
mod clients;
mod controls;
mod devices;
mod effects;
mod prompts;
mod push_endpoints;
mod sessions;
mod sign_ins;
mod traces;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use saoma_domain::{
    account::{Account, VisitCount},
    client::Client,
    effect::Effect,
    identity::{AccountId, ClientId, Identity, SignInId},
    pairing::{Pairing, Trace},
    ports::{StoreError, WriteId},
    push::{PushEndpoint, PushTokenId},
    secrets::SessionCode,
    session::{LoginPolicy, Session, TraceId},
    sign_in::SignIn,
    sms_challenge::{Challenge, ChallengeId, Lane},
    time::Timestamp,
};

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails before it did anything, as when throttled.
    Refused,
    /// The call did its work, and the answer was lost.
    AnswerLost,
}

/// Everything, in memory.
#[derive(Default)]
pub struct Memory(Mutex<Data>);

#[derive(Default)]
struct Data {
    /// Each session, and the write it came from.
    sessions: HashMap<String, (Session, WriteId)>,
    /// What eventual reads still see, where they lag behind; `None` where they miss it.
    stale: HashMap<String, Option<Session>>,
    clients: HashMap<String, Client>,
    accounts: HashMap<String, Account>,
    identities: HashMap<Identity, AccountId>,
    /// By account and id, with the write each came from.
    sign_ins: BTreeMap<(String, String), (SignIn, Option<WriteId>)>,
    challenges: HashMap<ChallengeId, (Challenge, WriteId)>,
    lanes: HashMap<String, (Lane, Option<WriteId>)>,
    ip_counts: HashMap<(IpAddr, u64), (u32, Option<WriteId>)>,
    devices: BTreeMap<(String, String), Option<String>>,
    pairs: HashMap<(AccountId, ClientId, LoginPolicy), (SessionCode, Pairing)>,
    traces: HashMap<TraceId, Trace>,
    prompts: HashMap<AccountId, Vec<(Timestamp, SessionCode)>>,
    effects: HashMap<(SessionCode, u64), Vec<Effect>>,
    present: HashMap<AccountId, HashMap<SignInId, Timestamp>>,
    endpoints: BTreeMap<PushTokenId, PushEndpoint>,
    visits: HashMap<AccountId, (SessionCode, VisitCount)>,
    /// Calls until the fault strikes, and the fault.
    fault: Option<(usize, Fault)>,
    calls: usize,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one call, with whatever fault is due.
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
                data.fault = None;
                if fault == Fault::AnswerLost {
                    work(&mut data);
                }
                Err(StoreError::new("injected fault"))
            }
        }
    }
}

/// A real store answers later. So that tests meet the races of one, others have their turn between
/// a read and the write decided on it.
async fn let_others_in() {
    tokio::task::yield_now().await;
}
