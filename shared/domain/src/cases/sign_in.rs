//! The phone's own sign-in: by SMS code, kept by refresh tokens, ended by signing out.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::sms::code_hash;
use crate::{
    account::{Account, AccountStatus},
    identity::{AccountId, ClientId, Phone, PhoneNumber, SignInId},
    ports::{Accounts, KeyedHash, Randomness, SignIns, SmsChallenges, StoreError},
    secrets::Secret,
    sign_in::SignIn,
    sms_code::{SmsCode, Tried},
    time::Timestamp,
};

/// A phone that just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose phone it is.
    pub account: Account,
    /// The sign-in, for minting its tokens.
    pub sign_in: SignIn,
    /// Whether the account was made just now.
    pub is_new: bool,
}

/// A sign-in that was refreshed.
#[derive(Debug)]
pub struct Renewed {
    /// Whose phone it is.
    pub account: Account,
    /// The sign-in in its new generation.
    pub sign_in: SignIn,
}

/// Why a phone is not signed in.
#[derive(Clone, Debug, Error)]
pub enum SignInError {
    /// The code is wrong, used or too old. Callers learn no more than that.
    #[error("the code is not good")]
    InvalidCode,
    /// There were too many wrong ones: even the right one is not taken for so long.
    #[error("too many tries; wait {0:?}")]
    TooManyTries(Duration),
    /// The refresh token or the sign-in is not good any more.
    #[error("the sign-in is over")]
    Over,
    /// The account is locked or deleted.
    #[error("the account is barred")]
    Barred,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const MOST_RACES: usize = 8;

/// Signs in with a code that came by SMS; registers who is new.
///
/// A try is stored before it is answered, so parallel guesses count one by one (ADVERSARIES D1).
///
/// # Errors
/// [`SignInError`].
#[expect(
    clippy::too_many_arguments,
    reason = "each is a port or a parsed value; bundling them would only hide it"
)]
pub async fn sign_in_by_sms(
    challenges: &dyn SmsChallenges,
    accounts: &dyn Accounts,
    sign_ins: &dyn SignIns,
    keys: &dyn KeyedHash,
    random: &dyn Randomness,
    number: &PhoneNumber,
    code: &SmsCode,
    app: ClientId,
    life: Duration,
    now: Timestamp,
) -> Result<SignedIn, SignInError> {
    use_code(challenges, code_hash(keys, number, code), number, now).await?;
    let (account, is_new) = find_or_register(accounts, random, number, now).await?;
    if account.status != AccountStatus::Active {
        return Err(SignInError::Barred);
    }
    let now = now.whole_secs();
    let sign_in = SignIn {
        id: SignInId::random(random),
        account: account.id,
        app,
        generation: 1,
        revoked: false,
        created_at: now,
        expires_at: now.plus(life),
    };
    sign_ins.begin(&sign_in).await?;
    Ok(SignedIn { account, sign_in, is_new })
}

async fn use_code(
    challenges: &dyn SmsChallenges,
    presented: [u8; 32],
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<(), SignInError> {
    for _ in 0..MOST_RACES {
        let stored = challenges.challenge(number).await?.unwrap_or_default();
        let (next, answer) = match stored.try_code(presented, now) {
            Tried::Right(next) => (next, Ok(())),
            Tried::Wrong(next) => (next, Err(SignInError::InvalidCode)),
            Tried::NoCode => return Err(SignInError::InvalidCode),
            Tried::Locked(left) => return Err(SignInError::TooManyTries(left)),
        };
        if challenges.replace(number, &next).await? {
            return answer;
        }
    }
    Err(SignInError::InvalidCode)
}

async fn find_or_register(
    accounts: &dyn Accounts,
    random: &dyn Randomness,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<(Account, bool), StoreError> {
    for _ in 0..MOST_RACES {
        if let Some(account) = accounts.account_by_phone(number).await? {
            return Ok((account, false));
        }
        let account = Account {
            id: AccountId::random(random),
            phone_number: Some(number.clone()),
            status: AccountStatus::Active,
            credentials_at: now.whole_secs(),
            created_at: now.whole_secs(),
        };
        if accounts.register(&account).await? {
            return Ok((account, true));
        }
    }
    Err(StoreError::new("could neither find nor register an account"))
}

/// The account behind a verified phone token, if its sign-in and the account still stand
/// (ADVERSARIES A13, I7).
///
/// # Errors
/// [`SignInError::Over`], [`SignInError::Barred`] or [`SignInError::Store`].
pub async fn live_phone(
    sign_ins: &dyn SignIns,
    accounts: &dyn Accounts,
    phone: &Phone,
    now: Timestamp,
) -> Result<Account, SignInError> {
    let sign_in = sign_ins.sign_in(&phone.sign_in).await?;
    if !sign_in.is_some_and(|sign_in| sign_in.is_live_for(phone.account, now)) {
        return Err(SignInError::Over);
    }
    let account = accounts.account(phone.account).await?.ok_or(SignInError::Over)?;
    match account.status {
        AccountStatus::Active => Ok(account),
        AccountStatus::Locked | AccountStatus::Deleted => Err(SignInError::Barred),
    }
}

/// The refresh token of a sign-in's current generation: `<phone>.<generation>.<keyed hash>`.
///
/// It needs no record of its own: the key proves we made it, the generation whether it was used.
pub fn refresh_token(keys: &dyn KeyedHash, sign_in: &SignIn) -> Secret {
    let generation = sign_in.generation.to_string();
    let proof = refresh_proof(keys, sign_in.id.as_str(), &generation);
    Secret::issued(format!("{}.{generation}.{proof}", sign_in.id.as_str()))
}

fn refresh_proof(keys: &dyn KeyedHash, phone: &str, generation: &str) -> String {
    URL_SAFE_NO_PAD.encode(keys.keyed_hash("refresh token", &[phone, generation]))
}

/// Reads a refresh token that we made; `None` for any other text.
fn read_refresh_token(keys: &dyn KeyedHash, token: &Secret) -> Option<(SignInId, u64)> {
    let mut parts = token.reveal().split('.');
    let (phone, generation, proof) = (parts.next()?, parts.next()?, parts.next()?);
    let expected = refresh_proof(keys, phone, generation);
    let genuine: bool = expected.as_bytes().ct_eq(proof.as_bytes()).into();
    (genuine && parts.next().is_none()).then_some((SignInId::parse(phone)?, generation.parse().ok()?))
}

/// Exchanges a refresh token for the next one. A token that was used before ends the whole sign-in
/// (RFC 9700 section 4.14.2, ADVERSARIES E15): either the thief or the owner is asking, and we
/// cannot tell which.
///
/// # Errors
/// [`SignInError`].
pub async fn refresh(
    sign_ins: &dyn SignIns,
    accounts: &dyn Accounts,
    keys: &dyn KeyedHash,
    token: &Secret,
    life: Duration,
    now: Timestamp,
) -> Result<Renewed, SignInError> {
    let (phone, generation) = read_refresh_token(keys, token).ok_or(SignInError::Over)?;
    let sign_in = sign_ins.sign_in(&phone).await?.ok_or(SignInError::Over)?;
    let account = live_phone(sign_ins, accounts, &sign_in.holder(), now).await?;
    let until = now.whole_secs().plus(life);
    if !sign_ins.rotate(&phone, generation, until).await? {
        sign_ins.revoke(&phone).await?;
        return Err(SignInError::Over);
    }
    let sign_in = SignIn { generation: generation + 1, expires_at: until, ..sign_in };
    Ok(Renewed { account, sign_in })
}

/// Ends a sign-in; its tokens stop counting at once.
///
/// # Errors
/// [`StoreError`].
pub async fn sign_out(sign_ins: &dyn SignIns, phone: &SignInId) -> Result<(), StoreError> {
    sign_ins.revoke(phone).await
}
