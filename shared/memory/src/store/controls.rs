//! What tests do behind the ports: faults, stale reads, records to start with and to look at.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use saoma_domain::{
    account::Account,
    client::Client,
    identity::Identity,
    ports::WriteId,
    push::{PushEndpoint, PushTokenId},
    secrets::SessionCode,
    session::Session,
    watching::{WatchRef, Watcher},
};

use super::{Bound, Fault, Memory};

impl Memory {
    /// Lets `calls` more calls pass, and then injects `fault` into the next one.
    pub fn inject(&self, calls: usize, fault: Fault) {
        self.inject_some(calls, fault, 0);
    }

    /// The same for the call after it, too: the one with which a caller tries again at once.
    pub fn inject_twice(&self, calls: usize, fault: Fault) {
        self.inject_some(calls, fault, 1);
    }

    fn inject_some(&self, calls: usize, fault: Fault, strikes_again: usize) {
        let mut data = self.lock();
        (data.fault, data.strikes_again) = (Some((calls, fault)), strikes_again);
    }

    /// Removes a fault that was not injected yet. Returns whether there was one.
    pub fn disarm(&self) -> bool {
        self.lock().fault.take().is_some()
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// Makes eventual reads of `code` see what is stored now, or nothing if there is nothing, until
    /// [`Memory::catch_up`].
    pub fn lag(&self, code: &SessionCode) {
        let mut data = self.lock();
        let seen = data.sessions.get(code.as_str()).map(|(session, _)| session.clone());
        data.stale.insert(code.as_str().to_owned(), seen);
    }

    /// Makes all reads see the newest versions again.
    pub fn catch_up(&self) {
        self.lock().stale.clear();
    }

    /// All sessions as stored.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.lock().sessions.values().map(|(session, _)| session.clone()).collect()
    }

    /// Overwrites a session without the guard, for tests that show what the guard is for.
    pub fn force(&self, session: Session) {
        let forced = (session, WriteId::from_stored("forced"));
        self.lock().sessions.insert(forced.0.code.as_str().to_owned(), forced);
    }

    /// Registers or replaces a client.
    pub fn put_client(&self, client: Client) {
        let put = (client, WriteId::from_stored("put"));
        self.lock().clients.insert(put.0.id.as_str().to_owned(), put);
    }

    /// Registers or replaces an account.
    pub fn put_account(&self, account: Account) {
        let mut data = self.lock();
        if let Some(number) = &account.phone_number {
            data.identities.insert(Identity::Phone(number.clone()), account.id);
        }
        data.accounts.insert(account.id.to_string(), account);
    }

    /// The machines bound to members: account and mac, with the name.
    #[must_use]
    pub fn devices(&self) -> BTreeMap<(String, String), Option<String>> {
        let bound = |(key, bound): (&(String, String), &Bound)| {
            let name = bound.machine.name.as_ref().map(ToString::to_string);
            (!bound.is_forgotten()).then(|| (key.clone(), name))
        };
        self.lock().machines.iter().filter_map(bound).collect()
    }

    /// The screens that watch a session, the newest first.
    #[must_use]
    pub fn watchers(&self, code: &SessionCode) -> Vec<Watcher> {
        self.lock().watchers.get(&WatchRef::of(code)).cloned().unwrap_or_default()
    }

    /// The phones that can be pushed to, by token.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<PushTokenId, PushEndpoint> {
        self.lock().endpoints.clone()
    }

    /// The kinds of records that name an account or a number, in any of their fields.
    #[must_use]
    pub fn kinds_that_name(&self, text: &str) -> Vec<&'static str> {
        let data = self.lock();
        let kinds: [(&str, &dyn Debug); 14] = [
            ("sessions", &data.sessions),
            ("accounts", &data.accounts),
            ("identities", &data.identities),
            ("sign-ins", &data.sign_ins),
            ("challenges", &data.challenges),
            ("lanes", &data.lanes),
            ("known devices", &data.known),
            ("history", &data.history),
            ("machines", &data.machines),
            ("pairs", &data.pairs),
            ("prompts", &data.prompts),
            ("phones present", &data.present),
            ("push endpoints", &data.endpoints),
            ("visits", &data.visits),
        ];
        let naming = kinds.into_iter().filter(|(_, records)| format!("{records:?}").contains(text));
        naming.map(|(kind, _)| kind).collect()
    }

    /// What is counted under budgets of this kind.
    #[must_use]
    pub fn counted_under(&self, budget: &str) -> u32 {
        let data = self.lock();
        let of_kind = |key: &str| key.split('#').next() == Some(budget);
        data.counts.iter().filter(|(key, _)| of_kind(&key.0)).map(|(_, count)| count).sum()
    }

    /// How many records of each kind are stored, sessions excluded.
    #[must_use]
    pub fn census(&self) -> BTreeMap<&'static str, usize> {
        let data = self.lock();
        let visits = data.visits.values().map(|(_, visits)| visits.count);
        BTreeMap::from([
            ("accounts", data.accounts.len()),
            ("identities", data.identities.len()),
            ("sign-ins in force", data.sign_ins.values().filter(|(sign_in, _)| !sign_in.ended).count()),
            ("known devices", data.known.len()),
            ("machines", data.machines.values().filter(|bound| !bound.is_forgotten()).count()),
            ("pairs", data.pairs.values().filter(|paired| !paired.forgotten).count()),
            ("pairs that may ask", data.pairs.values().filter(|it| it.pair.may_ask && !it.forgotten).count()),
            ("entries in the history", data.history.len()),
            ("phones present", data.present.values().map(HashMap::len).sum()),
            ("push endpoints", data.endpoints.len()),
            ("visits", visits.sum::<u64>().try_into().unwrap_or(usize::MAX)),
        ])
    }
}
