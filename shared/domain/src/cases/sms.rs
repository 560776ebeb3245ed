//! Codes by SMS: sends one, and proves with it who a person is.

use std::{net::IpAddr, time::Duration};

use subtle::ConstantTimeEq;
use thiserror::Error;

use super::people::{MOST_RACES, People, Proof, SignInError};
use crate::{
    identity::{Identity, PhoneNumber, SignInId},
    ports::{KeyedTag, SmsError, StoreError},
    sign_in::Method,
    sms_challenge::{Asked, ChallengeId, NotSent, RESEND_AFTER, Records, Tried, Used},
    sms_code::{CodeNonce, SmsCode},
    time::Timestamp,
};

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
            let nonce = CodeNonce::random(&self.keys.current_key(), &*self.random);
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
                        let text = self.message(number, &nonce).await;
                        self.hand_over(id, &next, &text).await?;
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

    /// Hands the message to the SMS service. When that refuses it, the count is taken back; when that fails too, the
    /// person waits a minute. A message without an answer stays counted, because it may be on its way: the caller
    /// who repeats the call is told so, and the code is the same.
    async fn hand_over(&self, id: &ChallengeId, sent: &Records, text: &str) -> Result<(), StoreError> {
        let handed_over = self.sms.send(&sent.challenge.number, text).await;
        if matches!(handed_over, Err(SmsError::Refused(_))) {
            let _ = self.challenges.replace(id, sent, &sent.not_sent(), &self.write()).await;
        }
        Ok(handed_over?)
    }

    async fn count(&self, network: Option<IpAddr>, now: Timestamp) -> Result<(), SendError> {
        let Some(network) = network else { return Ok(()) };
        let limit = self.limits.per_ip_per_day;
        let counted = self.challenges.count_ip(network, now, limit, &self.write()).await?;
        if counted { Ok(()) } else { Err(SendError::TooMany(NETWORK_WAIT)) }
    }

    async fn message(&self, number: &PhoneNumber, nonce: &CodeNonce) -> String {
        let (name, minutes) = (&self.service_name, self.limits.code_life.as_secs().div_ceil(60));
        let code = self.code(number, nonce).await;
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
        for _ in 0..MOST_RACES {
            let Some(records) = self.challenges.records(id).await? else {
                return Err(SignInError::InvalidCode);
            };
            let live = records.lane.code.as_ref().map(|live| &live.nonce);
            let right = match live {
                Some(nonce) => Some(self.code(&records.challenge.number, nonce).await),
                None => None,
            };
            let is_right = |_: &CodeNonce| {
                right.is_some_and(|right| right.reveal().as_bytes().ct_eq(code.reveal().as_bytes()).into())
            };
            let hash = self.used_code(id, code, records.challenge.used.as_ref()).await;
            let used = Used { code: hash, sign_in: sign_in.clone(), at: now.whole_secs() };
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

    /// The code of a nonce, which another instance may have drawn under a key that is new to this one.
    async fn code(&self, number: &PhoneNumber, nonce: &CodeNonce) -> SmsCode {
        if let Some(key) = nonce.key() {
            self.keys.learn(&key).await;
        }
        SmsCode::derive(&*self.keys, number, nonce)
    }

    /// What the challenge keeps of a right code. It is made under the key of the one that is kept, to compare with it.
    async fn used_code(&self, id: &ChallengeId, code: &SmsCode, kept: Option<&Used>) -> KeyedTag {
        let (purpose, parts) = ("used sms code", [id.as_str(), code.reveal()]);
        let Some(Used { code: KeyedTag { key, .. }, .. }) = kept else {
            return self.keys.keyed_hash(purpose, &parts);
        };
        self.keys.learn(key).await;
        self.keys.keyed_hash_by(key, purpose, &parts)
    }
}

fn proof_of(number: &PhoneNumber, used: Used) -> Proof {
    let identity = Identity::Phone(number.clone());
    Proof { identity, method: Method::Sms, sign_in: used.sign_in, at: used.at }
}
