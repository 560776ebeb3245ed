//! All data ports over one lock.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use saoma_domain::{
    account::{Account, Visits},
    client::{Client, Origin},
    identity::{AccountId, ClientId, Phone, PhoneId, PhoneNumber},
    pairing::{PROMPT_WINDOW, PROMPTS_IN_WINDOW, Pairing, Trace},
    ports::{
        Accounts, Clients, Committed, Created, Devices, Freshness, Prompts, PushEndpoints, Sessions, SignIns,
        SmsChallenges, StoreError, Traces,
    },
    push::{PushEndpoint, PushTokenId},
    secrets::SessionCode,
    session::{Change, DeviceId, LoginPolicy, Session, TraceId},
    sign_in::SignIn,
    sms_code::SmsChallenge,
    text::CleanText,
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
    sessions: HashMap<String, Session>,
    /// What eventual reads still see, where they lag behind.
    stale: HashMap<String, Session>,
    clients: HashMap<String, Client>,
    accounts: HashMap<String, Account>,
    numbers: HashMap<String, AccountId>,
    sign_ins: HashMap<String, SignIn>,
    challenges: HashMap<String, SmsChallenge>,
    ip_counts: HashMap<(IpAddr, u64), u32>,
    devices: BTreeMap<(String, String), Option<String>>,
    pairs: HashMap<(AccountId, ClientId, LoginPolicy), Pairing>,
    traces: HashMap<TraceId, Trace>,
    prompts: HashMap<AccountId, Vec<(Timestamp, SessionCode)>>,
    present: HashMap<AccountId, Timestamp>,
    endpoints: BTreeMap<PushTokenId, PushEndpoint>,
    visits: HashMap<AccountId, (SessionCode, Visits)>,
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

    /// Lets the call after `calls` more of them meet `fault`.
    pub fn inject(&self, calls: usize, fault: Fault) {
        self.lock().fault = Some((calls, fault));
    }

    /// Takes back a fault that did not strike; whether there was one.
    pub fn disarm(&self) -> bool {
        self.lock().fault.take().is_some()
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// Makes eventual reads of `code` see what is stored now, until [`Memory::catch_up`].
    pub fn lag(&self, code: &SessionCode) {
        let mut data = self.lock();
        if let Some(session) = data.sessions.get(code.as_str()).cloned() {
            data.stale.insert(code.as_str().to_owned(), session);
        }
    }

    /// Ends all lags.
    pub fn catch_up(&self) {
        self.lock().stale.clear();
    }

    /// All sessions as stored.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.lock().sessions.values().cloned().collect()
    }

    /// Overwrites a session, guard or no guard: for tests that show what the guard is for.
    pub fn force(&self, session: Session) {
        self.lock().sessions.insert(session.code.as_str().to_owned(), session);
    }

    /// Registers or replaces a client.
    pub fn put_client(&self, client: Client) {
        self.lock().clients.insert(client.id.as_str().to_owned(), client);
    }

    /// Registers or replaces an account.
    pub fn put_account(&self, account: Account) {
        let mut data = self.lock();
        if let Some(number) = &account.phone_number {
            data.numbers.insert(number.as_str().to_owned(), account.id);
        }
        data.accounts.insert(account.id.to_string(), account);
    }

    /// The machines bound to members: account and mac, with the name.
    #[must_use]
    pub fn devices(&self) -> BTreeMap<(String, String), Option<String>> {
        self.lock().devices.clone()
    }

    /// The phones that can be pushed to, by token.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<PushTokenId, PushEndpoint> {
        self.lock().endpoints.clone()
    }
}

/// A real store answers later. So that tests meet the races of one, others have their turn between
/// a read and the write decided on it.
async fn let_others_in() {
    tokio::task::yield_now().await;
}

#[async_trait]
impl Sessions for Memory {
    async fn create(&self, session: &Session) -> Result<Created, StoreError> {
        let_others_in().await;
        self.call(|data| {
            if data.sessions.contains_key(session.code.as_str()) {
                return Created::Collision;
            }
            data.sessions.insert(session.code.as_str().to_owned(), session.clone());
            Created::Stored
        })
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let stale = data.stale.get(code.as_str()).filter(|_| freshness == Freshness::Eventual);
            stale.or_else(|| data.sessions.get(code.as_str())).cloned()
        })
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let Some(stored) = data.sessions.get_mut(change.code().as_str()) else {
                return Committed::Gone;
            };
            if !change.may_replace(stored) {
                return Committed::Behind(stored.clone());
            }
            *stored = change.applied_to(stored);
            Committed::Stored(stored.clone())
        })
    }
}

#[async_trait]
impl Clients for Memory {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        self.call(|data| data.clients.get(id.as_str()).cloned())
    }

    async fn knows_origin(&self, origin: &Origin) -> Result<bool, StoreError> {
        self.call(|data| data.clients.values().any(|client| client.origins.contains(origin)))
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.call(|data| data.accounts.get(&id.to_string()).cloned())
    }

    async fn account_by_phone(&self, number: &PhoneNumber) -> Result<Option<Account>, StoreError> {
        self.call(|data| {
            let id = data.numbers.get(number.as_str())?;
            data.accounts.get(&id.to_string()).cloned()
        })
    }

    async fn register(&self, account: &Account) -> Result<bool, StoreError> {
        self.call(|data| {
            let id = account.id.to_string();
            let number = account.phone_number.as_ref().map(|number| number.as_str().to_owned());
            let number_taken = number.as_ref().is_some_and(|number| data.numbers.contains_key(number));
            if number_taken || data.accounts.contains_key(&id) {
                return false;
            }
            if let Some(number) = number {
                data.numbers.insert(number, account.id);
            }
            data.accounts.insert(id, account.clone());
            true
        })
    }

    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            if !data.accounts.contains_key(&id.to_string()) {
                return Err(StoreError::new("there is no such account"));
            }
            let counted = data.visits.get(&id);
            if counted.is_some_and(|(last, _)| last == session) {
                return Ok(());
            }
            let count = counted.map_or(0, |(_, visits)| visits.count) + 1;
            let visits = Visits { count, last_at: now, last_ip: ip };
            data.visits.insert(id, (session.clone(), visits));
            Ok(())
        })?
    }

    async fn visits(&self, id: AccountId) -> Result<Visits, StoreError> {
        self.call(|data| data.visits.get(&id).map(|(_, visits)| visits.clone()).unwrap_or_default())
    }
}

#[async_trait]
impl SignIns for Memory {
    async fn sign_in(&self, phone: &PhoneId) -> Result<Option<SignIn>, StoreError> {
        self.call(|data| data.sign_ins.get(phone.as_str()).cloned())
    }

    async fn begin(&self, sign_in: &SignIn) -> Result<(), StoreError> {
        self.call(|data| {
            data.sign_ins.insert(sign_in.phone.as_str().to_owned(), sign_in.clone());
        })
    }

    async fn rotate(&self, phone: &PhoneId, generation: u64, until: Timestamp) -> Result<bool, StoreError> {
        self.call(|data| {
            let stored = data.sign_ins.get_mut(phone.as_str());
            let Some(stored) = stored.filter(|s| s.generation == generation && !s.revoked) else {
                return false;
            };
            stored.generation += 1;
            stored.expires_at = until;
            true
        })
    }

    async fn revoke(&self, phone: &PhoneId) -> Result<(), StoreError> {
        self.call(|data| {
            if let Some(sign_in) = data.sign_ins.get_mut(phone.as_str()) {
                sign_in.revoked = true;
            }
        })
    }
}

#[async_trait]
impl SmsChallenges for Memory {
    async fn challenge(&self, number: &PhoneNumber) -> Result<Option<SmsChallenge>, StoreError> {
        self.call(|data| data.challenges.get(number.as_str()).cloned())
    }

    async fn replace(&self, number: &PhoneNumber, next: &SmsChallenge) -> Result<bool, StoreError> {
        self.call(|data| {
            let stored = data.challenges.get(number.as_str()).map_or(0, |challenge| challenge.version);
            let follows = next.version == stored + 1;
            if follows {
                data.challenges.insert(number.as_str().to_owned(), next.clone());
            }
            follows
        })
    }

    async fn count_ip(&self, ip: IpAddr, now: Timestamp, limit: u32) -> Result<bool, StoreError> {
        self.call(|data| {
            let count = data.ip_counts.entry((ip, now.secs() / 86_400)).or_default();
            let allowed = *count < limit;
            *count += u32::from(allowed);
            allowed
        })
    }
}

#[async_trait]
impl Devices for Memory {
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let key = (account.to_string(), mac.as_str().to_owned());
            data.devices.entry(key).or_insert_with(|| name.map(|name| name.as_str().to_owned()));
        })
    }

    async fn pairing(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<Option<Pairing>, StoreError> {
        self.call(|data| data.pairs.get(&(account, client.clone(), policy)).cloned())
    }

    async fn pair(
        &self,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let pairing = Pairing { device: device.clone(), phone: by.phone.clone(), may_prompt: true };
            data.pairs.insert((by.account, client.clone(), policy), pairing);
        })
    }

    async fn unpair(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let pairing = data.pairs.get_mut(&(account, client.clone(), policy));
            if let Some(pairing) = pairing.filter(|pairing| pairing.device == *device) {
                pairing.may_prompt = false;
            }
        })
    }
}

#[async_trait]
impl Traces for Memory {
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError> {
        self.call(|data| {
            data.traces.insert(trace.id.clone(), trace.clone());
        })
    }

    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError> {
        self.call(|data| data.traces.get(id).cloned())
    }
}

#[async_trait]
impl Prompts for Memory {
    async fn note(&self, account: AccountId, code: &SessionCode, now: Timestamp) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let noted = data.prompts.entry(account).or_default();
            let third = noted.iter().rev().nth(PROMPTS_IN_WINDOW - 1);
            let allowed = third.is_none_or(|(at, _)| now.since(*at) >= PROMPT_WINDOW);
            if allowed {
                noted.push((now, code.clone()));
            }
            allowed
        })
    }

    async fn recent(&self, account: AccountId) -> Result<Vec<SessionCode>, StoreError> {
        self.call(|data| {
            let noted = data.prompts.get(&account).into_iter().flatten().rev();
            noted.take(PROMPTS_IN_WINDOW).map(|(_, code)| code.clone()).collect()
        })
    }

    async fn mark_present(&self, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
        self.call(|data| {
            data.present.insert(account, now);
        })
    }

    async fn last_present(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        self.call(|data| data.present.get(&account).copied())
    }
}

#[async_trait]
impl PushEndpoints for Memory {
    async fn keep(&self, endpoint: &PushEndpoint) -> Result<bool, StoreError> {
        self.call(|data| {
            let owner = endpoint.owner.account;
            let others = data.endpoints.values().filter(|kept| kept.owner.account == owner);
            let fits = others.filter(|kept| kept.token != endpoint.token).count() < PushEndpoint::MOST;
            if fits {
                data.endpoints.insert(endpoint.token.clone(), endpoint.clone());
            }
            fits
        })
    }

    async fn forget(
        &self,
        account: AccountId,
        token: &PushTokenId,
    ) -> Result<Option<PushEndpoint>, StoreError> {
        self.call(|data| {
            let theirs = data.endpoints.get(token).is_some_and(|kept| kept.owner.account == account);
            if theirs { data.endpoints.remove(token) } else { None }
        })
    }

    async fn endpoints(&self, account: AccountId) -> Result<Vec<PushEndpoint>, StoreError> {
        self.call(|data| {
            data.endpoints.values().filter(|kept| kept.owner.account == account).cloned().collect()
        })
    }
}
