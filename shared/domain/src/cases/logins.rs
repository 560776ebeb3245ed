//! The ports that a login needs, and the loop that every transition goes through.

use std::{net::IpAddr, sync::Arc};

use thiserror::Error;

use super::{
    OpenError,
    stands::{Behind, opener_of},
};
use crate::{
    allowed::{About, ClientRefusal, NotAllowed, ProofTooOld, still_allowed},
    client::{BuiltIns, Client},
    identity::{AccountId, Approver, ClientId, Phone},
    opener::{Opener, OpenerRecords},
    ports::{
        Audit, AuditEvent, Checks, Clients, Committed, Created, Freshness, HistoryWriter, OnConfirm,
        Randomness, Sessions, StepRecords, StoreError, Tell, WriteId,
    },
    rotation::Sighting,
    secrets::SessionCode,
    session::{Command, Decision, Dialect, Flow, Refusal, Seen, Session, State},
    sign_in::{NotSignedIn, PhoneRecords},
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// The session core over its ports: open, scan, confirm, cancel, redeem, one step a file.
#[derive(Clone)]
pub struct Logins {
    /// The sessions.
    pub sessions: Arc<dyn Sessions>,
    /// The registered clients.
    pub clients: Arc<dyn Clients>,
    /// Whether there are clients that need no registration.
    pub built_ins: BuiltIns,
    /// Keeps a record of each step.
    pub audit: Arc<dyn Audit>,
    /// The phones and their people.
    pub checks: Arc<dyn Checks>,
    /// What the function's own contracts do when a person agrees.
    pub on_confirm: Arc<dyn OnConfirm>,
    /// Where people read which screens signed in as them.
    pub history: Arc<dyn HistoryWriter>,
    /// Tells the screens that watch a session that a phone has changed it. Tells a person's phones that a question came or
    /// ended.
    pub tell: Arc<dyn Tell>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Randomness>,
}

/// The session that a phone acts on, named by the code in the QR.
#[derive(Clone, Debug)]
pub struct Target {
    /// The session's code.
    pub code: SessionCode,
    /// The only contract whose sessions the caller knows; `None` knows every contract's.
    pub dialect: Option<Dialect>,
    /// Whether the phone saw the QR on the screen.
    pub sighting: Sighting,
}

impl Target {
    /// A session of a contract whose QRs do not rotate.
    #[must_use]
    pub fn of(code: SessionCode, dialect: Dialect) -> Self {
        Self { code, dialect: Some(dialect), sighting: Sighting::default() }
    }
}

/// Why a step was not taken, and the session it was about.
#[derive(Clone, Debug, Error)]
#[error("{why}")]
pub struct StepError {
    /// The reason.
    #[source]
    pub why: StepFailure,
    /// The session it was about, for the log.
    pub about: Option<Subject>,
}

/// The session that a refusal was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The session's code. Logs get only a keyed hash of it.
    pub code: SessionCode,
    /// Its client, where the session was found.
    pub client: Option<ClientId>,
}

/// Why a step was not taken.
#[derive(Clone, Debug, Error)]
pub enum StepFailure {
    /// There is no such session, or it belongs to another dialect.
    #[error("no such session")]
    Unknown,
    /// The phone is no longer signed in.
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    /// The session's client refuses the step.
    #[error(transparent)]
    NotAllowed(#[from] ClientRefusal),
    /// The person must prove again who they are.
    #[error(transparent)]
    ProofTooOld(#[from] ProofTooOld),
    /// The rules refuse the step.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed. Trying again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Subject {
    /// A session that was found.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { code: session.code.clone(), client: Some(session.client.clone()) }
    }
}

impl StepError {
    /// A refusal about a code whose session is not known.
    pub fn at(code: &SessionCode, why: impl Into<StepFailure>) -> Self {
        Self { why: why.into(), about: Some(Subject { code: code.clone(), client: None }) }
    }

    /// A refusal about a session.
    pub fn of(session: &Session, why: impl Into<StepFailure>) -> Self {
        Self { why: why.into(), about: Some(Subject::of(session)) }
    }

    /// The rule that refuses the step, if one does.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self.why {
            StepFailure::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether trying again is useless: the rules refuse the step, or there is no such session.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self.why, StepFailure::Unknown | StepFailure::NotAllowed(_) | StepFailure::Refused(_))
    }
}

/// What a phone's step is about, read together.
pub(super) struct FoundForPhone {
    pub(super) session: Session,
    pub(super) phone: PhoneRecords,
    /// The screens that watch the session.
    pub(super) watchers: Vec<Watcher>,
}

/// The event of a step that brings a session to this state.
fn event_of<'a>(session: &'a Session, to: &'a State, address: Option<IpAddr>) -> AuditEvent<'a> {
    AuditEvent {
        step: step_to(session.version, to),
        reason: None,
        code: Some(&session.code),
        client: Some(&session.client),
        phone: to.claim().map(|claim| &claim.by),
        address,
        machine: session.opener.as_ref().and_then(Opener::machine),
        age: Some(session.updated_at.since(session.created_at)),
    }
}

/// What the record calls the step to this version and state.
fn step_to(version: u64, state: &State) -> &'static str {
    match (version, state) {
        // A signed-in browser opened it, and its person was not asked.
        (1, State::Confirmed { .. }) => "continued",
        (1, _) => "opened",
        (_, state) => state.name(),
    }
}

/// A session changes at most three times, so a caller loses at most that many races.
const MOST_RACES: usize = 5;

impl Logins {
    /// The session that a phone acts on, the phone's own records, and who watches the session, read together.
    ///
    /// A session of another contract is unknown. So is a prompt by its code, because it is in no QR and is answered by
    /// its trace. A phone that is signed out learns only that. A phone with a tag that does not count learns only that,
    /// whether or not there is such a session, unless it holds the claim.
    pub(super) async fn find_for(
        &self,
        target: &Target,
        by: &Approver,
        now: Timestamp,
    ) -> Result<FoundForPhone, StepError> {
        let code = &target.code;
        let read = self.checks.phone_and_session(&by.phone, code).await;
        let StepRecords { phone, session, watchers } = read.map_err(|error| StepError::at(code, error))?;
        phone.clone().stands(now).map_err(|error| match &session {
            Some(session) => StepError::of(session, error),
            None => StepError::at(code, error),
        })?;
        let session = session
            .filter(|session| target.dialect.is_none_or(|dialect| session.dialect() == dialect))
            .filter(|session| !session.is_prompt());
        match session {
            Some(session) if !target.sighting.is_copy() || session.is_held(&by.phone) => {
                Ok(FoundForPhone { session, phone, watchers })
            }
            Some(session) => Err(StepError::of(&session, Refusal::StaleCode)),
            None if target.sighting.is_copy() => Err(StepError::at(code, Refusal::StaleCode)),
            None => Err(StepError::at(code, StepFailure::Unknown)),
        }
    }

    /// Asks [`still_allowed`] about a phone's step. The client may be as it was up to ten seconds ago.
    ///
    /// Also says whether the person has proved who they are lately enough to agree; only a confirmation needs that.
    pub(super) async fn allow(
        &self,
        session: &Session,
        phone: PhoneRecords,
        now: Timestamp,
    ) -> Result<Result<(), ProofTooOld>, StepError> {
        let failed = |error| StepError::of(session, error);
        let client = self.client(&session.client).await.map_err(failed)?;
        let opener = match &client {
            Some(client) => {
                let stores = Behind { checks: &*self.checks, clients: &*self.clients };
                opener_of(stores, client, session.opener.as_ref()).await.map_err(failed)?
            }
            None => OpenerRecords::default(),
        };
        match still_allowed(phone, About::Login(session, client.as_ref(), &opener), now) {
            Ok((sign_in, _)) => Ok(client.map_or(Ok(()), |client| client.accepts_proof(&sign_in, now))),
            Err(NotAllowed::Phone(why)) => Err(StepError::of(session, why)),
            Err(NotAllowed::Client(why)) => Err(StepError::of(session, why)),
        }
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.built_ins.client(self.clients.client(id, Freshness::Eventual).await?))
    }

    /// Records a step that was refused, and hands the refusal on. A failure of the store is none.
    pub(super) fn refused<T>(
        &self,
        result: Result<T, StepError>,
        by: Option<&Phone>,
        address: Option<IpAddr>,
    ) -> Result<T, StepError> {
        if let Err(StepError { why, about: Some(about) }) = &result
            && !matches!(why, StepFailure::Store(_))
        {
            self.audit.record(&AuditEvent {
                step: "refused",
                reason: Some(why.to_string()),
                code: Some(&about.code),
                client: about.client.as_ref(),
                phone: by,
                address,
                machine: None,
                age: None,
            });
        }
        result
    }

    /// Whether a client may open a session. A refusal is recorded.
    ///
    /// # Errors
    /// [`OpenError::NotAllowed`].
    pub fn may_open(
        &self,
        client: &Client,
        (flow, seen, opener): (&Flow, &Seen, Option<&Opener>),
    ) -> Result<(), OpenError> {
        client.may_open(flow, seen, opener).map_err(|why| {
            self.opens_nothing(&client.id, why, seen.ip);
            OpenError::NotAllowed { client: client.id.clone(), why }
        })
    }

    /// Records that a client may not open a session. There is no session that the record could name.
    pub fn opens_nothing(&self, client: &ClientId, why: ClientRefusal, address: Option<IpAddr>) {
        self.audit.record(&AuditEvent {
            step: "refused",
            reason: Some(why.to_string()),
            code: None,
            client: Some(client),
            phone: None,
            address,
            machine: None,
            age: None,
        });
    }

    /// Stores a new session, and records it.
    pub(super) async fn create(&self, session: &Session) -> Result<Created, StoreError> {
        let created = self.sessions.create(session, &WriteId::random(&*self.random)).await;
        match &created {
            Ok(Created::Stored) => self.reached(session, session.seen.ip),
            Ok(Created::Collision) => {}
            Err(_) => self.unsure(session, (session.version, &session.state), session.seen.ip),
        }
        created
    }

    /// Records that a step to this version and state may have been taken: the store gave no answer to its write.
    fn unsure(&self, session: &Session, (version, to): (u64, &State), address: Option<IpAddr>) {
        self.audit.record(&AuditEvent {
            step: "unsure",
            reason: Some(step_to(version, to).to_owned()),
            age: None,
            ..event_of(session, to, address)
        });
    }

    /// Records the state that a session has just reached.
    fn reached(&self, session: &Session, address: Option<IpAddr>) {
        let reason = match &session.state {
            State::Cancelled { reason, .. } => Some(reason.as_str().to_owned()),
            _ => None,
        };
        self.audit.record(&AuditEvent { reason, ..event_of(session, &session.state, address) });
    }

    /// Takes `session` through `command`: decides, and stores the decision if the stored version is still the
    /// one it decided on. After a lost race it decides again on the stored session. `address` is the caller's, for the
    /// record. Right after the write it tells the `watchers`; also when the store's answer to it is lost.
    pub(super) async fn advance(
        &self,
        mut session: Session,
        command: &Command,
        address: Option<IpAddr>,
        watchers: &[Watcher],
        now: Timestamp,
    ) -> Result<Session, StepError> {
        for _ in 0..MOST_RACES {
            let decided = session.decide(command, now);
            let (change, refusal) = match decided.map_err(|refusal| StepError::of(&session, refusal))? {
                Decision::Stays => return Ok(session),
                Decision::Moves(change) => (change, None),
                Decision::Ends(change, refusal) => (change, Some(refusal)),
            };
            let write = WriteId::random(&*self.random);
            match self.sessions.commit(&change, &write).await {
                Err(error) => {
                    self.unsure(&session, (session.version + 1, change.to()), address);
                    self.tell_of(&session, watchers, now).await;
                    return Err(StepError::of(&session, error));
                }
                Ok(Committed::Stored(session)) => {
                    self.reached(&session, address);
                    self.tell_of(&session, watchers, now).await;
                    return match refusal {
                        Some(refusal) => Err(StepError::of(&session, refusal)),
                        None => Ok(session),
                    };
                }
                Ok(Committed::Behind(stored)) => session = stored,
                Ok(Committed::Gone) => return Err(StepError::of(&session, StepFailure::Unknown)),
            }
        }
        let why = StoreError::new("lost more races than a session has changes");
        Err(StepError::of(&session, why))
    }

    /// Tells the screens that watch a session that it has changed. A failure, which the port's wrapper logs, changes
    /// nothing: those screens ask by themselves.
    async fn tell_of(&self, session: &Session, watchers: &[Watcher], now: Timestamp) {
        if !watchers.is_empty() {
            let _ = self.tell.tell(&WatchRef::of(&session.code), watchers, now).await;
        }
    }

    /// Tells a person's phones that a question to them came or ended. A failure changes nothing, as above.
    pub(super) async fn tell_person(&self, person: AccountId, now: Timestamp) {
        let _ = self.tell.tell_person(person, now).await;
    }

    /// The session with this code. The read takes a copy that may be a moment old. When there is none, it asks
    /// again for the newest version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn look_up(&self, code: &SessionCode) -> Result<Option<Session>, StoreError> {
        match self.sessions.find(code, Freshness::Eventual).await? {
            None => self.sessions.find(code, Freshness::Strong).await,
            found => Ok(found),
        }
    }
}
