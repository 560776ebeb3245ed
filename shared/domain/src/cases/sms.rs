//! Codes by SMS: sends one, and proves with it who a person is.

use std::{net::IpAddr, sync::Arc, time::Duration};

use subtle::ConstantTimeEq;
use thiserror::Error;

use super::{
    SmsSwitch,
    people::{MOST_RACES, People, Proof, SignInError},
};
use crate::{
    account::AccountStatus,
    identity::{Identity, Phone, PhoneNumber, SignInId},
    known_device::{KnownDevice, known_secret, named_by},
    ports::{Challenges, KeyedTag, KnownDevices, Recorded, Sms, SmsAlarm, SmsError, StoreError},
    secrets::Secret,
    sign_in::{Method, SignIn},
    sms_budget::{Budget, BudgetKind, Charge, Level, Payer, SmsLimits},
    sms_challenge::{
        Asked, ChallengeId, LaneKind, NotSent, Purpose, RESEND_AFTER, Records, Sending, Tried, Used,
    },
    sms_code::{CodeNonce, SmsCode},
    sms_puzzle::{Puzzle, Solved, price_of, read_solution},
    sms_text::SmsTexts,
    time::Timestamp,
};

/// What sends messages, and what holds it back.
#[derive(Clone)]
pub struct Texting {
    /// The challenges, their lanes and the counts.
    pub challenges: Arc<dyn Challenges>,
    /// The devices that have signed in before.
    pub known: Arc<dyn KnownDevices>,
    /// Hands messages over.
    pub sender: Arc<dyn Sms>,
    /// Whether operators let messages out.
    pub switch: Arc<SmsSwitch>,
    /// Hears of budgets that are used up.
    pub alarm: Arc<dyn SmsAlarm>,
    /// The limits.
    pub limits: SmsLimits,
    /// The texts.
    pub texts: SmsTexts,
}

/// A caller asks for a code.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The caller's name for this attempt.
    pub challenge: &'a ChallengeId,
    /// The number that gets the code.
    pub number: &'a PhoneNumber,
    /// The calling code of its country.
    pub country: &'a str,
    /// What a known device sends back.
    pub known: Option<&'a Secret>,
    /// A puzzle that the caller solved.
    pub puzzle: Option<&'a str>,
    /// The caller's address.
    pub source: Option<IpAddr>,
    /// The host of our pages, to which the message binds the code.
    pub host: Option<&'a str>,
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
    /// Too many messages to this number, from this network or of the whole service.
    #[error("too many messages; wait {0:?}")]
    TooMany(Duration),
    /// The message costs a puzzle, and no puzzle was solved that is worth as much.
    #[error("the message costs a puzzle of {} bits", .0.bits)]
    Puzzle(Puzzle),
    /// The challenge is used up, signed in, or belongs to another number. The caller must draw a new one.
    #[error("the challenge is over")]
    ChallengeOver,
    /// Operators have switched messages off.
    #[error("messages are switched off")]
    SwitchedOff,
    /// The store or the SMS service failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotSent> for SendError {
    fn from(why: NotSent) -> Self {
        match why {
            NotSent::TooMany(wait) => Self::TooMany(wait),
            NotSent::Over => Self::ChallengeOver,
        }
    }
}

impl People {
    /// Sends a code. Known and unknown numbers look the same (`docs/security.md` H5).
    ///
    /// The message is paid for and stored in one write before it is sent. A crash between the two costs the person a
    /// minute and never lets a flood through. When the SMS service refuses the message, the payment is taken back, and
    /// the same call may be repeated at once.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_code(&self, asking: &Asking<'_>, now: Timestamp) -> Result<Sent, SendError> {
        let texting = &self.texting;
        let same = Sent { resend_after: RESEND_AFTER, expires_in: texting.limits.code_life };
        let device = self.known_device(asking, now).await?;
        let mut solved = match asking.puzzle {
            Some(puzzle) => read_solution(&*self.keys, asking.number, puzzle, now).await,
            None => None,
        };
        let mut own_lane = true;
        for _ in 0..MOST_RACES {
            let records =
                texting.challenges.records_of(asking.challenge, asking.number, device.as_ref()).await?;
            let fresh = CodeNonce::random(&self.keys.current_key(), &*self.random);
            match records.ask(asking.number, own_lane, fresh, now, &texting.limits)? {
                Asked::Again => return Ok(same),
                Asked::Joins(next) => {
                    if self.replace(&records, &next, &[]).await? == Recorded::Stored {
                        return Ok(same);
                    }
                }
                Asked::Sends(sending) => {
                    let charges = match self.pay(asking, &sending, solved.as_ref(), now).await {
                        // All devices of its owner have had theirs: it is a caller like others.
                        Err(SendError::TooMany(_)) if own_lane && sending.lane == LaneKind::Device => {
                            own_lane = false;
                            continue;
                        }
                        paid => paid?,
                    };
                    match self.replace(&records, &sending.records, &charges).await? {
                        Recorded::Stored => {
                            self.hand_over(asking, &sending, &charges).await?;
                            return Ok(same);
                        }
                        Recorded::PuzzleTaken => solved = None,
                        Recorded::Behind | Recorded::Full => {}
                    }
                }
            }
        }
        Err(StoreError::new("lost more races than a number has callers").into())
    }

    /// The known device that asks. If its secret is wrong or no longer good, the caller counts as a stranger (`None`).
    async fn known_device(&self, asking: &Asking<'_>, now: Timestamp) -> Result<Option<Phone>, StoreError> {
        let Some((known, phone)) = asking.known.and_then(|known| Some((known, named_by(known)?))) else {
            return Ok(None);
        };
        let device = self.texting.known.device(&phone).await?;
        let Some(device) = device.filter(|device| device.is_known_by(known, asking.number, now)) else {
            return Ok(None);
        };
        let records = self.checks.phone(&phone).await?;
        // No record means that the sign-in expired. Its device stays known. Only a sign-in that was ended ends its
        // device.
        let ended = records.sign_in.is_some_and(|sign_in| sign_in.ended);
        // A credential change ends every device that is older, as it ends every sign-in.
        let active = records.account.is_some_and(|account| {
            account.status == AccountStatus::Active && account.credentials_at <= device.known_since()
        });
        let holder = self.accounts.account_by(&Identity::Phone(asking.number.clone())).await?;
        let stands = active && !ended && holder.is_some_and(|holder| holder.id == phone.account);
        Ok(stands.then_some(phone))
    }

    /// What a message costs, to be taken together with the write that sends it.
    async fn pay(
        &self,
        asking: &Asking<'_>,
        sending: &Sending,
        solved: Option<&Solved>,
        now: Timestamp,
    ) -> Result<Vec<Charge>, SendError> {
        if !self.texting.switch.is_on(now).await? {
            return Err(SendError::SwitchedOff);
        }
        let limits = &self.texting.limits;
        match (&sending.lane, &sending.records.device) {
            (LaneKind::Device, Some(device)) => self
                .charge(&limits.device_budgets(device.phone.account, now), now)
                .await
                .map(|(charges, _)| charges),
            (LaneKind::Device, None) => Err(StoreError::new("a lane of no device").into()),
            (LaneKind::Open(price), _) => {
                let Asking { number, country, source, .. } = *asking;
                let payer = Payer { number, country, source };
                let wrong = self.levels(&limits.wrong_budgets(source, now), now).await?;
                let (mut charges, busy) = self.charge(&limits.message_budgets(payer, now), now).await?;
                let Some(price) = price_of([*price, busy, wrong]) else { return Ok(charges) };
                let Some(solved) = solved.filter(|solved| solved.doublings >= price) else {
                    return Err(SendError::Puzzle(Puzzle::draw(
                        &*self.keys,
                        number,
                        price,
                        &*self.random,
                        now,
                    )));
                };
                charges.push(Charge::Puzzle(solved.id.clone()));
                Ok(charges)
            }
        }
    }

    /// One charge on each budget, and the doublings that the busiest of them asks for.
    async fn charge(
        &self,
        budgets: &[Budget],
        now: Timestamp,
    ) -> Result<(Vec<Charge>, Option<u32>), SendError> {
        let (mut charges, mut doublings) = (Vec::new(), None);
        let draw = self.draw();
        for (budget, counts) in self.counted(budgets).await? {
            doublings = doublings.max(self.soft(budget, budget.level(&counts), now)?);
            charges.extend(budget.charge(1, &counts, draw));
        }
        Ok((charges, doublings))
    }

    /// The doublings that the busiest of these budgets asks for.
    async fn levels(&self, budgets: &[Budget], now: Timestamp) -> Result<Option<u32>, SendError> {
        let mut doublings = None;
        for (budget, counts) in self.counted(budgets).await? {
            doublings = doublings.max(self.soft(budget, budget.level(&counts), now)?);
        }
        Ok(doublings)
    }

    /// The doublings that a level asks for. The alarm hears of every level but the usual one.
    fn soft(&self, budget: &Budget, level: Level, now: Timestamp) -> Result<Option<u32>, SendError> {
        if level > Level::Free {
            self.texting.alarm.ring(budget.kind, level, now);
        }
        match level {
            Level::Free => Ok(None),
            Level::Soft(doublings) => Ok(Some(doublings)),
            Level::Hard => Err(SendError::TooMany(budget.wait(now))),
        }
    }

    async fn counted<'a>(&self, budgets: &'a [Budget]) -> Result<Vec<(&'a Budget, Vec<u32>)>, StoreError> {
        let keys: Vec<_> = budgets.iter().map(Budget::keys).collect();
        let counts = self.texting.challenges.counted(&keys.concat()).await?;
        let mut counts = counts.into_iter();
        let of = |keys: &Vec<_>| counts.by_ref().take(keys.len()).collect();
        Ok(budgets.iter().zip(keys.iter().map(of)).collect())
    }

    fn draw(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Stores records and takes their charges. When the store's answer is lost, it repeats the same write, because a
    /// message that was stored and never sent would keep its person waiting, and a lost try would be counted twice.
    async fn replace(
        &self,
        before: &Records,
        next: &Records,
        charges: &[Charge],
    ) -> Result<Recorded, StoreError> {
        let (challenges, write) = (&self.texting.challenges, self.write());
        match challenges.replace(before, next, charges, &write).await {
            Err(_) => challenges.replace(before, next, charges, &write).await,
            stored => stored,
        }
    }

    /// Hands the message to the SMS service. When that refuses it, what it cost is given back; when that fails too,
    /// the person waits a minute. A message without an answer stays counted, because it may be on its way: the caller
    /// who repeats the call is told so, and the code is the same.
    async fn hand_over(
        &self,
        asking: &Asking<'_>,
        sending: &Sending,
        charges: &[Charge],
    ) -> Result<(), StoreError> {
        let Asking { number, host, .. } = *asking;
        let code = self.code(number, &sending.nonce).await;
        let text = self.texting.texts.message(number, &code, host);
        let handed_over = self.texting.sender.send(number, &text).await;
        if matches!(handed_over, Err(SmsError::Refused(_))) {
            let (challenges, write) = (&self.texting.challenges, self.write());
            let _ = challenges.take_back(&sending.records, &sending.not_sent(), charges, &write).await;
        }
        Ok(handed_over?)
    }

    /// Proves who a person is by a code that came by SMS.
    ///
    /// A try is stored before it is answered, so parallel guesses count one by one (`docs/security.md` D1). A network
    /// that made too many wrong tries, at whatever numbers, makes no more in the open lane (K7). The same challenge and
    /// code within [`SIGN_IN_AGAIN`](crate::sms_challenge::SIGN_IN_AGAIN) give the same proof.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`], [`SignInError::UnknownChallenge`], [`SignInError::TooMany`] or
    /// [`SignInError::Store`].
    pub async fn prove_by_sms(
        &self,
        id: &ChallengeId,
        code: &SmsCode,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Proof, SignInError> {
        let sign_in = SignInId::random(&*self.random);
        self.prove_for(Purpose::SignIn, &sign_in, id, code, source, now).await
    }

    /// The same for any purpose. `sign_in` is the one that the code leads to, or that of the phone that uses it.
    pub(super) async fn prove_for(
        &self,
        purpose: Purpose,
        sign_in: &SignInId,
        id: &ChallengeId,
        code: &SmsCode,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Proof, SignInError> {
        for _ in 0..MOST_RACES {
            let Some(records) = self.texting.challenges.records(id).await? else {
                return Err(SignInError::UnknownChallenge);
            };
            let number = records.challenge.number.clone();
            let right = self.right_one(&number, &records.nonces(now), code).await;
            let is_right = |nonce: &CodeNonce| right.as_ref() == Some(nonce);
            let tag = self.used_code(id, code, records.challenge.used.as_ref()).await;
            let hash = tag.hash;
            let used = Used { code: tag, purpose, sign_in: sign_in.clone(), at: now.whole_secs() };
            let (next, wrong, proof) = match records.try_code(is_right, used.clone(), now) {
                Tried::Refused => return Err(SignInError::InvalidCode),
                Tried::Again(used) => return Ok(proof_of(&number, used)),
                Tried::Wrong(next) => (next, 1, Err(SignInError::InvalidCode)),
                Tried::Right(next) => (next, 0, Ok(proof_of(&number, used))),
            };
            let charges = match records.device {
                Some(_) => Vec::new(),
                None => self.charge_try(source, wrong, hash, now).await?,
            };
            if self.replace(&records, &next, &charges).await? == Recorded::Stored {
                return proof;
            }
        }
        Err(StoreError::new("lost more races than a number has callers").into())
    }

    /// Which of these nonces has this code; `None` if none has.
    async fn right_one(
        &self,
        number: &PhoneNumber,
        nonces: &[CodeNonce],
        code: &SmsCode,
    ) -> Option<CodeNonce> {
        let mut right = None;
        for nonce in nonces {
            let other = self.code(number, nonce).await;
            if other.reveal().as_bytes().ct_eq(code.reveal().as_bytes()).into() {
                right = Some(nonce.clone());
            }
        }
        right
    }

    /// The code of a nonce, which another instance may have drawn under a key that is new to this one.
    async fn code(&self, number: &PhoneNumber, nonce: &CodeNonce) -> SmsCode {
        if let Some(key) = nonce.key() {
            self.keys.learn(&key).await;
        }
        SmsCode::derive(&*self.keys, number, nonce)
    }

    /// The keyed hash of a code, which the challenge stores once the code is right. If the challenge holds one
    /// already, the hash uses the same key, so that the two can be compared.
    async fn used_code(&self, id: &ChallengeId, code: &SmsCode, kept: Option<&Used>) -> KeyedTag {
        let (purpose, parts) = ("used sms code", [id.as_str(), code.reveal()]);
        let Some(Used { code: KeyedTag { key, .. }, .. }) = kept else {
            return self.keys.keyed_hash(purpose, &parts);
        };
        self.keys.learn(key).await;
        self.keys.keyed_hash_by(key, purpose, &parts)
    }

    /// The charges of a stranger's try. A wrong try (`wrong` is 1) counts against its network and against all. A
    /// right try (`wrong` is 0) counts against neither, and is refused if its network is past its limit. `hash` picks
    /// the shards.
    async fn charge_try(
        &self,
        source: Option<IpAddr>,
        wrong: u32,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Vec<Charge>, SignInError> {
        let budgets = self.texting.limits.wrong_budgets(source, now);
        let draw = hash.first_chunk().copied().map_or(0, u64::from_le_bytes);
        let mut charges = Vec::new();
        for (budget, counts) in self.counted(&budgets).await? {
            let level = budget.level(&counts);
            if level > Level::Free {
                self.texting.alarm.ring(budget.kind, level, now);
            }
            let charge = budget.charge(wrong, &counts, draw);
            let charge = charge.ok_or_else(|| SignInError::TooMany(budget.wait(now)))?;
            // A right try only asks whether its network may try.
            if wrong > 0 || budget.kind == BudgetKind::WrongOfNetwork {
                charges.push(charge);
            }
        }
        Ok(charges)
    }

    /// Makes the phone of a sign-in known for its number, and returns the secret that it sends back. Repeating the call
    /// gives the same secret.
    pub(super) async fn remember_device(
        &self,
        sign_in: &SignIn,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Secret, StoreError> {
        let secret = known_secret(&*self.keys, sign_in).await;
        let device = KnownDevice::new(sign_in.phone(), number.clone(), &secret, now);
        self.texting.known.remember(&device).await?;
        Ok(secret)
    }
}

fn proof_of(number: &PhoneNumber, used: Used) -> Proof {
    Proof { number: number.clone(), method: Method::Sms, sign_in: used.sign_in, at: used.at }
}
