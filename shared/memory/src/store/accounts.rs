//! Accounts, their telephone numbers and their visits.

use std::net::IpAddr;

use async_trait::async_trait;
use saoma_domain::{
    account::{Account, Visits},
    identity::{AccountId, PhoneNumber},
    ports::{Accounts, StoreError},
    secrets::SessionCode,
    time::Timestamp,
};

use super::Memory;

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
