//! Remembered: a hosted client asks for a login, with or without a scan (`docs/remembered.md`).

use std::{sync::Arc, time::Duration};

use super::{Logins, StepError, StepFailure, confirm::agrees_with};
use crate::{
    client::Client,
    identity::{AccountId, Approver, Phone},
    opener::Opener,
    pairing::{Pairing, Trace},
    ports::{Created, Freshness, Pairs, Prompts, Randomness, StepRecords, StoreError, Traces},
    prompt_log::{NotedPrompt, PROMPT_WINDOW},
    rotation::Sighting,
    secrets::{Secret, SessionCode},
    session::{
        Abandonment, Asks, CancelReason, Claim, Command, DeviceId, Flow, LoginPolicy, MatchNumber, Refusal,
        ScreenClaims, Seen, Session, State, Ties, TraceId,
    },
    text::CleanText,
    time::Timestamp,
};

/// What the client asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The device to sign in, if the client knows it. It has the highest priority.
    pub device: Option<DeviceId>,
    /// The person, if the client knows them.
    pub person: Option<AccountId>,
    /// What kind of device it is.
    pub policy: LoginPolicy,
    /// What the client's server proved, checked by the edge.
    pub opener: Option<Opener>,
}

/// How long the sessions of a hosted client live.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// A session that is shown as a QR, and a question by OAuth.
    pub qr: Duration,
    /// A session that asks a person.
    pub prompt: Duration,
}

/// How long a trace still gives its answers after its last session has ended.
const TOLD_AFTERWARDS: Duration = Duration::from_mins(10);

/// Logins of hosted clients, with and without a scan, over the session core and the ports behind them.
#[derive(Clone)]
pub struct RememberedLogins {
    /// The session core.
    pub logins: Logins,
    /// The calls that wait for answers.
    pub traces: Arc<dyn Traces>,
    /// Which person signed in on which device.
    pub pairs: Arc<dyn Pairs>,
    /// The prompts that people were sent.
    pub prompts: Arc<dyn Prompts>,
    /// How long sessions live.
    pub lives: Lives,
}

impl RememberedLogins {
    /// Begins a login: the four cases.
    ///
    /// | device | person | |
    /// |---|---|---|
    /// | yes | | a QR for exactly that device |
    /// | | yes | a QR for the device last bound to that person, or a new one |
    /// | | | a QR for a new device |
    /// | yes | yes | the person is asked, if their last login by QR made this pair; else a QR for that device |
    ///
    /// A person who was asked too often silently gets a QR instead (`docs/security.md` H1, K14). A new prompt for the
    /// same device ends the earlier one.
    ///
    /// # Errors
    /// [`StoreError`]. Records that were stored by then expire by themselves.
    pub async fn begin(&self, client: &Client, asked: Asked, now: Timestamp) -> Result<Session, StoreError> {
        let random = &*self.logins.random;
        let pairing = match asked.person {
            Some(person) => self.pairs.pairing(person, &client.id, asked.policy).await?,
            None => None,
        };
        let pairing = pairing.filter(|pairing| client.is_of(pairing.opened_at));
        let (qr, prompt) = (SessionCode::random(random), SessionCode::random(random));
        let person = match (&asked.device, asked.person, &pairing) {
            (Some(device), Some(person), Some(pairing))
                if pairing.may_prompt && pairing.device == *device =>
            {
                let phone = Phone { account: person, sign_in: pairing.sign_in.clone() };
                let noted = NotedPrompt { at: now, client: client.id.clone(), code: prompt.clone() };
                self.prompts.note(person, &noted).await?.then_some(phone)
            }
            _ => None,
        };
        let device = asked.device.or_else(|| pairing.map(|Pairing { device, .. }| device));
        let ties = Ties {
            trace: TraceId::random(random),
            device: device.unwrap_or_else(|| DeviceId::random(random)),
            policy: asked.policy,
        };
        let trace = Trace {
            id: ties.trace.clone(),
            client: client.id.clone(),
            prompt: person.is_some().then(|| prompt.clone()),
            qr: qr.clone(),
            created_at: now.whole_secs(),
            expires_at: now.whole_secs().plus(self.lives.prompt + self.lives.qr + TOLD_AFTERWARDS),
        };
        let session = match person {
            Some(person) => {
                prompt_session(random, client, (prompt, qr), ties, person, self.lives.prompt, now)
            }
            None => qr_session(random, client, qr, ties, self.lives.qr, now),
        };
        let session = Session { opener: asked.opener, ..session };
        self.traces.begin(&trace).await?;
        if self.logins.create(&session).await? == Created::Collision {
            return Err(StoreError::new("a drawn code was taken"));
        }
        if let State::Scanned { claim } = &session.state {
            self.supersede(&claim.by, &session, now).await?;
            self.logins.tell_person(claim.by.account, now).await;
        }
        Ok(session)
    }

    /// Ends the prompts that the same client sent this person for the same device and that were noted before this
    /// one, so of many at once the last stays. A prompt that is stored at the same moment may stay beside it.
    async fn supersede(&self, by: &Phone, newer: &Session, now: Timestamp) -> Result<(), StoreError> {
        let waiting = self.pending(by, now).await?;
        let older = waiting.into_iter().skip_while(|session| session.code != newer.code).skip(1);
        for older in older.filter(|older| asks_for_the_same(older, newer)) {
            let ended = self.logins.abandon(older, Abandonment::Superseded, now).await;
            // Any other refusal means that the prompt was decided or ran out at the same moment.
            if let Err(StepError { why: StepFailure::Store(error), .. }) = ended {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes a person's answer to a prompt. To any other person the prompt is unknown. A no or a wrong number
    /// first ends the pair and then the session, so a failure between the two never leads to another prompt
    /// without a scan. Repeating the same answer succeeds.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn answer(
        &self,
        trace: &TraceId,
        answered: Answered,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let by = answered.by.clone();
        let decided = self.answer_as(trace, answered, now).await;
        self.logins.refused(decided, Some(&by.phone), by.address)
    }

    async fn answer_as(
        &self,
        trace: &TraceId,
        answered: Answered,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let nowhere = |why: StepFailure| StepError { why, about: None };
        let Answered { by, accepts, number } = answered;
        let code = self.prompt_behind(trace, by.phone.account, now).await;
        let code = code.map_err(|error| nowhere(error.into()))?;
        let code = code.ok_or_else(|| nowhere(StepFailure::Unknown))?;
        let address = by.address;
        let read = self.logins.checks.phone_and_session(&by.phone, &code).await;
        let StepRecords { phone, session, watchers } = read.map_err(|error| StepError::at(&code, error))?;
        phone.clone().stands(now).map_err(|error| StepError::at(&code, error))?;
        let session = session.filter(|session| is_prompt_to(session, &by.phone));
        let session = session.ok_or_else(|| StepError::at(&code, StepFailure::Unknown))?;
        let proof = self.logins.allow(&session, phone, now).await?;
        let wrong = number.is_some_and(|number| number != session.match_number);
        let account = by.phone.account;
        let decline = |by| Command::Decline(by, Sighting::default());
        let command =
            if accepts { Command::Confirm(by.phone.clone(), number) } else { decline(by.phone.clone()) };
        let refused = session.decide(&command, now).err();
        if refused == Some(Refusal::WrongMatchNumber) {
            // A repeated call: what the first one left undone is undone now.
            self.logins.take_back(&session, &by.phone).await?;
        }
        refused.map_or(Ok(()), |refusal| Err(StepError::of(&session, refusal)))?;
        if accepts {
            agrees_with(proof, &session, &command, now)?;
        }
        if wrong || !accepts {
            let (policy, device) = paired_as(&session);
            let unpaired = self.pairs.unpair(account, &session.client, policy, &device).await;
            unpaired.map_err(|error| StepError::of(&session, error))?;
        }
        let answered = self.logins.advance(session.clone(), &command, address, &watchers, now).await;
        // The person's other phones take the question away.
        self.logins.tell_person(account, now).await;
        match answered {
            Ok(declined) if !accepts => {
                self.logins.take_back(&declined, &by.phone).await?;
                Ok(declined)
            }
            Err(error) if error.refusal() == Some(Refusal::WrongMatchNumber) => {
                self.logins.take_back(&session, &by.phone).await?;
                Err(error)
            }
            Err(StepError { why: StepFailure::Refused(refusal), .. }) if !accepts => {
                superseded_while_declining(session, refusal)
            }
            answered => answered,
        }
    }

    /// The code of the prompt with this id: that of a trace, or of a question to this person by OAuth, which has no trace.
    async fn prompt_behind(
        &self,
        id: &TraceId,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<SessionCode>, StoreError> {
        if let Some(trace) = self.traces.trace(id).await? {
            return Ok(trace.prompt);
        }
        let sent = self.prompts.recent(account, now.whole_secs().minus(2 * PROMPT_WINDOW)).await?;
        Ok(sent.into_iter().find(|code| TraceId::of_prompt(code) == *id))
    }

    /// The prompts that wait for this person now, newest first. Notes older than a prompt lives are skipped, because their
    /// prompts have expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pending(&self, by: &Phone, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let mut waiting = Vec::new();
        let longest = self.lives.prompt.max(self.lives.qr).min(PROMPT_WINDOW);
        let after = now.whole_secs().minus(longest);
        for code in self.prompts.recent(by.account, after).await? {
            let session = self.logins.sessions.find(&code, Freshness::Strong).await?;
            waiting.extend(
                session.filter(|session| session.standing(now).is_undecided() && is_prompt_to(session, by)),
            );
        }
        Ok(waiting)
    }
}

impl Logins {
    /// Opens the QR that replaces a prompt that reached no phone, in the same trace. A retry finds it there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fall_back(
        &self,
        client: &Client,
        prompt: &Session,
        life: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Flow::Remembered { ties, asks: Asks::Person { fallback } } = &prompt.flow else { return Ok(()) };
        let random = &*self.random;
        let session = qr_session(random, client, fallback.clone(), ties.clone(), life, now);
        let session = Session { opener: prompt.opener.clone(), ..session };
        self.create(&session).await.map(|_| ())
    }
}

/// A person's answer to a prompt.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The phone that answers, and its owner.
    pub by: Approver,
    /// Whether they agree.
    pub accepts: bool,
    /// The number they picked.
    pub number: Option<MatchNumber>,
}

/// A newer prompt may replace this one just when its person says no. That is no failure: the no has ended the
/// pair, and the newer prompt has ended this one.
fn superseded_while_declining(session: Session, refusal: Refusal) -> Result<Session, StepError> {
    if refusal != Refusal::Cancelled {
        return Err(StepError::of(&session, refusal));
    }
    let claim = session.state.claim().cloned();
    Ok(Session { state: State::Cancelled { reason: CancelReason::Replaced, claim }, ..session })
}

/// The pair that let this prompt be sent.
fn paired_as(session: &Session) -> (LoginPolicy, DeviceId) {
    let ties = session.ties().map(|ties| (ties.policy, ties.device.clone()));
    ties.unwrap_or_else(|| (LoginPolicy::Server, DeviceId::none()))
}

/// Whether both belong to the same client and device.
fn asks_for_the_same(one: &Session, other: &Session) -> bool {
    let device = |session: &Session| session.ties().map(|ties| (ties.device.clone(), ties.policy));
    one.client == other.client && device(one) == device(other)
}

/// Whether this is a prompt to this person, in any state.
fn is_prompt_to(session: &Session, by: &Phone) -> bool {
    session.is_prompt() && session.state.claim().is_some_and(|claim| claim.by.account == by.account)
}

fn qr_session(
    random: &dyn Randomness,
    client: &Client,
    code: SessionCode,
    ties: Ties,
    life: Duration,
    now: Timestamp,
) -> Session {
    let now = now.whole_secs();
    // The client's server is the screen here, and takes its token by a ticket. This secret is thrown away.
    let nobodys = Secret::random(random);
    let name = format!("{} {}", ties.policy.name(), ties.device.as_str().get(..8).unwrap_or_default());
    Session {
        code,
        version: 1,
        client: client.id.clone(),
        screen: nobodys.hash(),
        match_number: MatchNumber::random(random),
        match_policy: client.match_policy,
        claims: ScreenClaims { device_name: CleanText::non_empty(&name), device_mac: None },
        // The caller is the client's server, whose address does not tell where the screen is.
        seen: Seen { ip: None, browser: None },
        opener: None,
        flow: Flow::Remembered { ties, asks: Asks::Scan },
        created_at: now,
        updated_at: now,
        expires_at: now.plus(life),
        state: State::Pending,
    }
}

/// A session that asks a person. It starts as if the pair's phone had scanned it.
fn prompt_session(
    random: &dyn Randomness,
    client: &Client,
    (code, fallback): (SessionCode, SessionCode),
    ties: Ties,
    by: Phone,
    life: Duration,
    now: Timestamp,
) -> Session {
    let claim = Claim { by, at: now.whole_secs() };
    let flow = Flow::Remembered { ties: ties.clone(), asks: Asks::Person { fallback } };
    let state = State::Scanned { claim };
    Session { flow, state, ..qr_session(random, client, code, ties, life, now) }
}
