//! The machines people have signed in on, and the pairs people make with them.

use async_trait::async_trait;
use saoma_domain::{
    belongings::{Machine, Pair},
    identity::{AccountId, ClientId, Phone},
    pairing::{MadeBy, Pairing},
    ports::{Machines, Pairs, StoreError},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::{Bound, Memory, Paired};

/// The key of a pair.
pub(super) fn pair_key(account: AccountId, client: &ClientId, policy: LoginPolicy) -> (String, String) {
    (account.to_string(), format!("{client}#{}", policy.number()))
}

#[async_trait]
impl Machines for Memory {
    async fn bind(
        &self,
        account: AccountId,
        mac: &CleanText<64>,
        name: Option<&CleanText<64>>,
        agreed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let account = account.to_string();
            let key = (account.clone(), mac.as_str().to_owned());
            match data.machines.get_mut(&key) {
                Some(Bound { forgotten_at: Some(at), .. }) if *at >= agreed_at.whole_secs() => return,
                Some(Bound { forgotten_at: None, used_at, .. }) => {
                    *used_at = now;
                    return;
                }
                _ => {}
            }
            let machine = Machine { mac: mac.clone(), name: name.cloned(), bound_at: now.whole_secs() };
            let theirs = data.machines.iter().filter(|((of, _), it)| *of == account && !it.is_forgotten());
            let mut theirs: Vec<_> = theirs.map(|(key, it)| (it.used_at, key.clone())).collect();
            theirs.sort_by_key(|(used_at, _)| *used_at);
            if theirs.len() >= Machine::MOST
                && let Some((_, oldest)) = theirs.first()
            {
                data.machines.remove(oldest);
            }
            data.machines.insert(key, Bound { machine, used_at: now, forgotten_at: None });
        })
    }
}

#[async_trait]
impl Pairs for Memory {
    async fn pairing(
        &self,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<Option<Pairing>, StoreError> {
        self.call(|data| {
            let paired = data.pairs.get(&pair_key(account, client, policy)).filter(|it| !it.forgotten)?;
            let Pair { device, approved_by, may_ask, .. } = paired.pair.clone();
            let opened_at = paired.made_by.opened_at;
            Some(Pairing { device, sign_in: approved_by, may_prompt: may_ask, opened_at })
        })
    }

    async fn pair(
        &self,
        by_login: &MadeBy,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let key = pair_key(by.account, client, policy);
            let is_late = |made_by: &MadeBy| {
                made_by.session == by_login.session || made_by.opened_at > by_login.opened_at
            };
            if data.pairs.get(&key).is_some_and(|paired| is_late(&paired.made_by)) {
                return;
            }
            let pair = Pair {
                client: client.clone(),
                policy,
                device: device.clone(),
                approved_by: by.sign_in.clone(),
                may_ask: true,
                paired_at: now.whole_secs(),
            };
            data.pairs.insert(key, Paired { pair, made_by: by_login.clone(), forgotten: false });
        })
    }

    async fn withdraw(
        &self,
        session: &SessionCode,
        account: AccountId,
        client: &ClientId,
        policy: LoginPolicy,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let paired = data.pairs.get_mut(&pair_key(account, client, policy));
            if let Some(paired) = paired.filter(|paired| paired.made_by.session == *session) {
                paired.pair.may_ask = false;
            }
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
            let paired = data.pairs.get_mut(&pair_key(account, client, policy));
            if let Some(paired) = paired.filter(|paired| paired.pair.device == *device) {
                paired.pair.may_ask = false;
            }
        })
    }
}
