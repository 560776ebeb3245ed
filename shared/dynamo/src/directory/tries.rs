//! Tries at what could be guessed, counted.

use async_trait::async_trait;
use saoma_domain::{
    ports::{StoreError, Tries},
    sms_budget::Charge,
};

use super::Directory;

#[async_trait]
impl Tries for Directory {
    async fn take(&self, charges: &[Charge]) -> Result<bool, StoreError> {
        let writes = charges.iter().map(|charge| self.taking(charge)).collect::<Result<_, _>>()?;
        Ok(self.transact_patiently(writes).await?.is_none())
    }

    async fn give_back(&self, charges: &[Charge]) -> Result<(), StoreError> {
        let writes = charges.iter().map(|charge| self.giving_back(charge)).collect::<Result<_, _>>()?;
        self.transact_patiently(writes).await?;
        Ok(())
    }
}
