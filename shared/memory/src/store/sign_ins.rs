//! The phones that are signed in.

use async_trait::async_trait;
use saoma_domain::{
    identity::SignInId,
    ports::{SignIns, StoreError},
    sign_in::SignIn,
    time::Timestamp,
};

use super::Memory;

#[async_trait]
impl SignIns for Memory {
    async fn sign_in(&self, phone: &SignInId) -> Result<Option<SignIn>, StoreError> {
        self.call(|data| data.sign_ins.get(phone.as_str()).cloned())
    }

    async fn begin(&self, sign_in: &SignIn) -> Result<(), StoreError> {
        self.call(|data| {
            data.sign_ins.insert(sign_in.id.as_str().to_owned(), sign_in.clone());
        })
    }

    async fn rotate(&self, phone: &SignInId, generation: u64, until: Timestamp) -> Result<bool, StoreError> {
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

    async fn revoke(&self, phone: &SignInId) -> Result<(), StoreError> {
        self.call(|data| {
            if let Some(sign_in) = data.sign_ins.get_mut(phone.as_str()) {
                sign_in.revoked = true;
            }
        })
    }
}
