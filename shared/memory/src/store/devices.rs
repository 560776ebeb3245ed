//! The machines people have signed in on, and the pairs people make with them.

use async_trait::async_trait;
use saoma_domain::{
    identity::{AccountId, ClientId, Phone},
    pairing::{MadeBy, Pairing},
    ports::{Machines, Pairs, StoreError},
    secrets::SessionCode,
    session::{DeviceId, LoginPolicy},
    text::CleanText,
    time::Timestamp,
};

use super::Memory;

#[async_trait]
impl Machines for Memory {
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
            data.pairs.get(&(account, client.clone(), policy)).map(|(_, pairing)| pairing.clone())
        })
    }

    async fn pair(
        &self,
        by_login: &MadeBy,
        client: &ClientId,
        policy: LoginPolicy,
        device: &DeviceId,
        by: &Phone,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let key = (by.account, client.clone(), policy);
            let is_late = |made_by: &MadeBy| {
                made_by.session == by_login.session || made_by.opened_at > by_login.opened_at
            };
            if data.pairs.get(&key).is_some_and(|(made_by, _)| is_late(made_by)) {
                return;
            }
            let pairing = Pairing { device: device.clone(), sign_in: by.sign_in.clone(), may_prompt: true };
            data.pairs.insert(key, (by_login.clone(), pairing));
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
            let pairing = data.pairs.get_mut(&(account, client.clone(), policy));
            if let Some((_, pairing)) = pairing.filter(|(made_by, _)| made_by.session == *session) {
                pairing.may_prompt = false;
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
            let pairing = data.pairs.get_mut(&(account, client.clone(), policy));
            if let Some((_, pairing)) = pairing.filter(|(_, pairing)| pairing.device == *device) {
                pairing.may_prompt = false;
            }
        })
    }
}
