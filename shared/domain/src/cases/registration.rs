//! Finds the account of a person who has proved who they are, or registers one.

use crate::{
    account::{Account, AccountStatus},
    identity::{AccountId, Identity},
    ports::{Accounts, Randomness, StoreError, WriteId},
    time::Timestamp,
};

/// How many races a caller may lose to others that register the same person before it gives up.
const MOST_RACES: usize = 32;

/// The account with this identity, or a new one. Another issuer's token was made a while before its account is
/// registered, so the credentials of such an account count from the beginning of time.
pub(super) async fn find_or_register(
    accounts: &dyn Accounts,
    random: &dyn Randomness,
    identity: &Identity,
    now: Timestamp,
) -> Result<Account, StoreError> {
    let credentials_at = match identity {
        Identity::Phone(_) => now.whole_secs(),
        Identity::Foreign(_) => Timestamp::default(),
    };
    for _ in 0..MOST_RACES {
        if let Some(account) = accounts.account_by(identity).await? {
            return Ok(account);
        }
        let account = Account {
            id: AccountId::random(random),
            phone_number: identity.phone_number().cloned(),
            status: AccountStatus::Active,
            credentials_at,
            created_at: now.whole_secs(),
        };
        if accounts.register(&account, identity, &WriteId::random(random)).await? {
            return Ok(account);
        }
    }
    Err(StoreError::new("could neither find nor register an account"))
}
