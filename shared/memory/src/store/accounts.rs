//! Accounts, their telephone numbers and their visits.

use std::net::IpAddr;

use async_trait::async_trait;
use saoma_domain::{
    account::{Account, AccountStatus, VisitCount},
    identity::{AccountId, Identity},
    ports::{Accounts, StoreError, Visits, WriteId},
    secrets::SessionCode,
    time::Timestamp,
};

use super::{Memory, let_others_in};

#[async_trait]
impl Accounts for Memory {
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.call(|data| data.accounts.get(&id.to_string()).cloned())
    }

    async fn account_by(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        self.call(|data| {
            let id = data.identities.get(identity)?;
            data.accounts.get(&id.to_string()).cloned()
        })
    }

    async fn register(
        &self,
        account: &Account,
        identity: &Identity,
        _: &WriteId,
    ) -> Result<bool, StoreError> {
        let_others_in().await;
        self.call(|data| {
            let id = account.id.to_string();
            if data.identities.contains_key(identity) || data.accounts.contains_key(&id) {
                // The account's id is random, so an account with this id is this same registration, repeated.
                return data.identities.get(identity) == Some(&account.id);
            }
            data.identities.insert(identity.clone(), account.id);
            data.accounts.insert(id, account.clone());
            true
        })
    }

    async fn link(&self, account: AccountId, identity: &Identity) -> Result<bool, StoreError> {
        self.call(|data| *data.identities.entry(identity.clone()).or_insert(account) == account)
    }

    async fn set_status(&self, account: AccountId, status: AccountStatus) -> Result<bool, StoreError> {
        self.call(|data| {
            let stored = data.accounts.get_mut(&account.to_string());
            let stored = stored.filter(|it| it.status != AccountStatus::Deleted);
            stored.map(|it| it.status = status).is_some()
        })
    }

    async fn reset_credentials(&self, account: AccountId, at: Timestamp) -> Result<bool, StoreError> {
        self.call(|data| {
            let stored = data.accounts.get_mut(&account.to_string());
            let stored = stored.filter(|it| it.status != AccountStatus::Deleted);
            stored.map(|it| it.credentials_at = it.credentials_at.max(at)).is_some()
        })
    }

    async fn unlink(&self, account: AccountId, identity: &Identity) -> Result<(), StoreError> {
        self.call(|data| {
            if data.identities.get(identity) == Some(&account) {
                data.identities.remove(identity);
            }
        })
    }
}

#[async_trait]
impl Visits for Memory {
    async fn count_visit(
        &self,
        id: AccountId,
        session: &SessionCode,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|data| {
            let counted = data.visits.get(&id);
            if counted.is_some_and(|(last, _)| last == session) {
                return;
            }
            let count = counted.map_or(0, |(_, visits)| visits.count) + 1;
            let visits = VisitCount { count, last_at: now, last_ip: ip };
            data.visits.insert(id, (session.clone(), visits));
        })
    }

    async fn visits(&self, id: AccountId) -> Result<VisitCount, StoreError> {
        self.call(|data| data.visits.get(&id).map(|(_, visits)| visits.clone()).unwrap_or_default())
    }
}
