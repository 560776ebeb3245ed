//! The phone's own sign-in: proving who a person is, beginning a sign-in, keeping it and ending it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{
    account::{Account, AccountStatus},
    identity::{AccountId, ClientId, Identity, Phone, PhoneNumber, SignInId},
    ports::{
        Accounts, Begun, Challenges, Checks, KeyedHash, Randomness, Replaced, SignIns, Sms, StoreError,
        WriteId,
    },
    refresh::{Family, Presented, read_refresh_token},
    secrets::Secret,
    sign_in::{Holder, Method, NotSignedIn, SignIn, SignInLives},
    sms_challenge::{Asked, ChallengeId, NotSent, RESEND_AFTER, Records, SmsLimits, Tried, Used},
    sms_code::{CodeNonce, SmsCode},
    time::Timestamp,
};

/// The people over their ports.
#[derive(Clone)]
pub struct People {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The sign-ins.
    pub sign_ins: Arc<dyn SignIns>,
    /// The phones and their people, read together.
    pub checks: Arc<dyn Checks>,
    /// The challenges by SMS.
    pub challenges: Arc<dyn Challenges>,
    /// Sends text messages.
    pub sms: Arc<dyn Sms>,
    /// The key that no table holds.
    pub keys: Arc<dyn KeyedHash>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
    /// How long sign-ins last.
    pub lives: SignInLives,
    /// Limits on text messages.
    pub limits: SmsLimits,
    /// What people know the service as.
    pub service_name: String,
}

/// A message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How long until the caller may ask for the next one.
    pub resend_after: Duration,
    /// How long the code stays good.
    pub expires_in: Duration,
}

/// Why nothing was sent.
#[derive(Clone, Debug, Error)]
pub enum SendError {
    /// Too many messages to this number or from this network.
    #[error("too many messages; wait {0:?}")]
    TooMany(Duration),
    /// The challenge is used up, signed in, or belongs to another number. The caller must draw a new one.
    #[error("the challenge is over")]
    ChallengeOver,
    /// The store or the SMS service failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Proof of who a person is. Every way to prove it makes one of these, and [`People::begin`] takes it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The identity that the person proved to have.
    pub identity: Identity,
    /// How the person proved it.
    pub method: Method,
    /// The sign-in it leads to. Repeating the proof gives the same one.
    pub sign_in: SignInId,
    /// When it was first proved.
    pub at: Timestamp,
}

/// A phone that just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose phone it is.
    pub account: Account,
    /// The sign-in, for minting its tokens.
    pub sign_in: SignIn,
    /// Whether the account was made by this sign-in.
    pub is_new: bool,
}

/// A sign-in that was refreshed.
#[derive(Debug)]
pub struct Renewed {
    /// Whose phone it is.
    pub account: Account,
    /// The sign-in, for minting its tokens.
    pub sign_in: SignIn,
}

/// Why a phone is not signed in.
#[derive(Clone, Debug, Error)]
pub enum SignInError {
    /// The code is wrong, used or too old. Callers do not learn which.
    #[error("the code is not good")]
    InvalidCode,
    /// The sign-in is over, or the account may not be used.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const MOST_RACES: usize = 32;
/// The wait we name to a network that has used up its day's messages.
const NETWORK_WAIT: Duration = Duration::from_hours(1);

impl People {
    /// Sends a code to `number`. Known and unknown numbers look the same (`docs/security.md` H5).
    ///
    /// The message is counted before it is sent. A crash between the two costs the person a minute and never lets
    /// a flood through. When the SMS service refuses the message, the count is taken back, and the same call may
    /// be repeated at once.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_code(
        &self,
        id: &ChallengeId,
        number: &PhoneNumber,
        network: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Sent, SendError> {
        let same = Sent { resend_after: RESEND_AFTER, expires_in: self.limits.code_life };
        for _ in 0..MOST_RACES {
            let records = self.challenges.records_of(id, number).await?;
            let nonce = CodeNonce::random(&*self.random);
            match records.ask(number, nonce, now, self.limits) {
                Err(NotSent::TooMany(wait)) => return Err(SendError::TooMany(wait)),
                Err(NotSent::Over) => return Err(SendError::ChallengeOver),
                Ok(Asked::Again) => return Ok(same),
                Ok(Asked::Joins(next)) => {
                    if self.challenges.replace(id, &records, &next, &self.write()).await? {
                        let (resend_after, expires_in) = next.waits(now);
                        return Ok(Sent { resend_after, expires_in });
                    }
                }
                Ok(Asked::Sends(next, nonce)) => {
                    self.count(network, now).await?;
                    if self.surely_replace(id, &records, &next).await? {
                        self.hand_over(id, &next, &self.message(number, &nonce)).await?;
                        return Ok(same);
                    }
                }
            }
        }
        Err(StoreError::new("lost more races than a number has callers").into())
    }

    /// Stores the message that is about to be sent. When the store's answer is lost, it repeats the same write,
    /// because a message that was stored and never sent would keep its person waiting.
    async fn surely_replace(
        &self,
        id: &ChallengeId,
        before: &Records,
        next: &Records,
    ) -> Result<bool, StoreError> {
        let write = self.write();
        match self.challenges.replace(id, before, next, &write).await {
            Err(_) => self.challenges.replace(id, before, next, &write).await,
            stored => stored,
        }
    }

    /// Hands the message to the SMS service. When that fails, it takes the count back; when that fails too, the
    /// person waits a minute.
    async fn hand_over(&self, id: &ChallengeId, sent: &Records, text: &str) -> Result<(), StoreError> {
        let handed_over = self.sms.send(&sent.challenge.number, text).await;
        if handed_over.is_err() {
            let _ = self.challenges.replace(id, sent, &sent.not_sent(), &self.write()).await;
        }
        handed_over
    }

    async fn count(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), SendError> {
        let Some(network) = network else { return Ok(()) };
        let limit = self.limits.per_ip_per_day;
        let counted = self.challenges.count_ip(network, now, limit, &self.write()).await?;
        if counted { Ok(()) } else { Err(SendError::TooMany(NETWORK_WAIT)) }
    }

    fn message(&self, number: &PhoneNumber, nonce: &CodeNonce) -> String {
        let (name, minutes) = (&self.service_name, self.limits.code_life.as_secs().div_ceil(60));
        let code = SmsCode::derive(&*self.keys, number, nonce);
        let code = code.reveal();
        format!(
            "【{name}】验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。 \
             Your {name} code is {code}, good for {minutes} minutes. Never share it."
        )
    }

    /// Proves who a person is by a code that came by SMS.
    ///
    /// A try is stored before it is answered, so parallel guesses count one by one (`docs/security.md` D1). The
    /// same challenge and code within [`SIGN_IN_AGAIN`](crate::sms_challenge::SIGN_IN_AGAIN) give the same proof.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`] or [`SignInError::Store`].
    pub async fn prove_by_sms(
        &self,
        id: &ChallengeId,
        code: &SmsCode,
        now: Timestamp,
    ) -> Result<Proof, SignInError> {
        let sign_in = SignInId::random(&*self.random);
        let code_hash = self.keys.keyed_hash("used sms code", &[id.as_str(), code.reveal()]);
        for _ in 0..MOST_RACES {
            let Some(records) = self.challenges.records(id).await? else {
                return Err(SignInError::InvalidCode);
            };
            let number = records.challenge.number.clone();
            let is_right = |nonce: &CodeNonce| {
                let right = SmsCode::derive(&*self.keys, &number, nonce);
                right.reveal().as_bytes().ct_eq(code.reveal().as_bytes()).into()
            };
            let used = Used { code: code_hash, sign_in: sign_in.clone(), at: now.whole_secs() };
            let (next, proof) = match records.try_code(is_right, used.clone(), now) {
                Tried::Refused => return Err(SignInError::InvalidCode),
                Tried::Again(used) => return Ok(proof_of(&records.challenge.number, used)),
                Tried::Wrong(next) => (next, Err(SignInError::InvalidCode)),
                Tried::Right(next) => (next, Ok(proof_of(&records.challenge.number, used))),
            };
            if self.challenges.replace(id, &records, &next, &self.write()).await? {
                return proof;
            }
        }
        Err(StoreError::new("lost more races than a number has callers").into())
    }

    /// Begins the sign-in that a proof leads to, and registers a new person. Repeating the call gives the same
    /// sign-in.
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn begin(&self, proof: Proof, client: ClientId) -> Result<SignedIn, SignInError> {
        let at = proof.at;
        let account = self.find_or_register(&proof.identity, at).await?;
        if account.status != AccountStatus::Active {
            return Err(NotSignedIn::Barred.into());
        }
        let sign_in = SignIn {
            id: proof.sign_in,
            account: account.id,
            holder: Holder::Phone,
            client,
            method: proof.method,
            version: 1,
            family: Family::begin(at),
            ended: false,
            created_at: at,
            expires_at: self.lives.end(at, at),
        };
        let is_new = account.created_at >= at;
        let sign_in = match self.sign_ins.begin(&sign_in).await? {
            Begun::Stored => sign_in,
            Begun::Before(stored) if stored.ended => return Err(NotSignedIn::Over.into()),
            Begun::Before(stored) => stored,
        };
        Ok(SignedIn { account, sign_in, is_new })
    }

    async fn find_or_register(&self, identity: &Identity, now: Timestamp) -> Result<Account, StoreError> {
        for _ in 0..MOST_RACES {
            if let Some(account) = self.accounts.account_by(identity).await? {
                return Ok(account);
            }
            let Identity::Phone(number) = identity;
            let account = Account {
                id: AccountId::random(&*self.random),
                phone_number: Some(number.clone()),
                status: AccountStatus::Active,
                credentials_at: now.whole_secs(),
                created_at: now.whole_secs(),
            };
            if self.accounts.register(&account, identity, &self.write()).await? {
                return Ok(account);
            }
        }
        Err(StoreError::new("could neither find nor register an account"))
    }

    /// Exchanges a refresh token for the next one. The previous token gets the same next one for a while,
    /// because its answer may have been lost ([`SignIn::present`]).
    ///
    /// # Errors
    /// [`SignInError::NotSignedIn`] or [`SignInError::Store`].
    pub async fn refresh(&self, token: &Secret, now: Timestamp) -> Result<Renewed, SignInError> {
        let (phone, generation) = read_refresh_token(&*self.keys, token).ok_or(NotSignedIn::Over)?;
        let (mut sign_in, account) = self.checks.phone(&phone).await?.stands(now)?;
        for _ in 0..MOST_RACES {
            let next = match sign_in.present(generation, &self.lives, now) {
                Presented::Again => return Ok(Renewed { account, sign_in }),
                Presented::Moves(next) => next,
                Presented::Ends => {
                    self.sign_ins.end(&phone).await?;
                    return Err(NotSignedIn::Over.into());
                }
            };
            match self.sign_ins.replace(&next, &self.write()).await? {
                Replaced::Stored => return Ok(Renewed { account, sign_in: next }),
                Replaced::Behind(stored) if stored.is_live(now) => sign_in = stored,
                Replaced::Behind(_) | Replaced::Gone => return Err(NotSignedIn::Over.into()),
            }
        }
        Err(StoreError::new("lost more races than a sign-in has holders").into())
    }

    /// Ends a sign-in; its tokens stop counting at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_out(&self, phone: &Phone) -> Result<(), StoreError> {
        self.sign_ins.end(phone).await
    }

    fn write(&self) -> WriteId {
        WriteId::random(&*self.random)
    }
}

fn proof_of(number: &PhoneNumber, used: Used) -> Proof {
    let identity = Identity::Phone(number.clone());
    Proof { identity, method: Method::Sms, sign_in: used.sign_in, at: used.at }
}
