//! Random interleavings of all steps that people, screens and the service can take, with a clock that jumps.
//!
//! The reference model has no states. It remembers which phone did what and when, and checks only what must never
//! happen. If the table had a hole, a random trace would find it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use saoma_domain::{
    account::{Account, AccountStatus},
    cases::{Logins, Opened, Opening, Target},
    client::Client,
    identity::{AccountId, Approver, ClientId, Phone, SignInId},
    ports::{Clock, Freshness, KeyName, Sessions, SignIns},
    refresh::Family,
    rotation::Sighting,
    secrets::{Secret, TokenId},
    session::{Dialect, Ext, Flow, MatchNumber, RedeemKey, ScreenClaims, Seen, Session, State},
    sign_in::{Holder, Method, SignIn},
    text::CleanText,
    time::Timestamp,
};
use saoma_memory::{
    Fault, Memory,
    world::{FixedClock, SeededRandom},
};

/// One move of one party. People are 0 (owns phones 0 and 1) and 1 (owns phone 2).
#[derive(Clone, Debug)]
enum Move {
    Scan { phone: usize },
    Confirm { phone: usize, number: Number },
    Cancel { phone: usize },
    Redeem { by: By },
    Replace { by: By },
    Lock { locked: bool },
    SignOut { phone: usize },
    Jump { secs: u64 },
    Break { fault: Fault },
    Lag,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Right,
    Wrong,
    None,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Screen,
    Ticket,
    Stranger,
}

/// The end of the sign-ins: later than every trace.
fn sign_in(phone: &Phone, now: Timestamp) -> SignIn {
    SignIn {
        id: phone.sign_in.clone(),
        account: phone.account,
        holder: Holder::Phone,
        client: ClientId::phone(),
        method: Method::Sms,
        seen: Seen::default(),
        version: 1,
        family: Family::begin(now, KeyName::of_kid("the-key-")),
        ended: false,
        proved_at: now,
        created_at: now,
        expires_at: now.plus(Duration::from_hours(24)),
    }
}

/// A phone of our own page.
fn approver(phone: Phone) -> Approver {
    Approver { phone, app: ClientId::phone(), address: None }
}

struct Moves;

impl ReferenceStateMachine for Moves {
    type State = ();
    type Transition = Move;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Move> {
        let number = prop_oneof![4 => Just(Number::Right), 1 => Just(Number::Wrong), 2 => Just(Number::None)];
        let by = prop_oneof![3 => Just(By::Screen), 2 => Just(By::Ticket), 1 => Just(By::Stranger)];
        let fault = prop_oneof![Just(Fault::Refused), Just(Fault::AnswerLost)];
        prop_oneof![
            4 => (0..3_usize).prop_map(|phone| Move::Scan { phone }),
            6 => (0..3_usize, number).prop_map(|(phone, number)| Move::Confirm { phone, number }),
            1 => (0..3_usize).prop_map(|phone| Move::Cancel { phone }),
            6 => by.clone().prop_map(|by| Move::Redeem { by }),
            1 => by.prop_map(|by| Move::Replace { by }),
            1 => any::<bool>().prop_map(|locked| Move::Lock { locked }),
            1 => (0..3_usize).prop_map(|phone| Move::SignOut { phone }),
            3 => prop_oneof![Just(1_u64), Just(20), Just(29), Just(31), Just(100), Just(299)]
                .prop_map(|secs| Move::Jump { secs }),
            2 => fault.prop_map(|fault| Move::Break { fault }),
            1 => Just(Move::Lag),
        ]
        .boxed()
    }

    fn apply((): (), _: &Move) {}
}

/// The session under test, and the history that the checks need.
struct Trace {
    memory: Arc<Memory>,
    logins: Logins,
    target: Target,
    clock: FixedClock,
    random: Arc<SeededRandom>,
    opened: Session,
    secret: Secret,
    phones: [Phone; 3],
    locked: bool,
    signed_out: Vec<Phone>,
    scanned_by: Option<Phone>,
    confirmed_by_scanner: bool,
    cancelled_at: Option<u64>,
    tokens: Vec<(TokenId, Timestamp)>,
}

impl StateMachineTest for Trace {
    type SystemUnderTest = Self;
    type Reference = Moves;

    fn init_test((): &()) -> Self {
        let memory = Arc::new(Memory::default());
        let clock = FixedClock::at(FixedClock::EXAMPLE);
        let random = Arc::new(SeededRandom::new(7));
        let logins = saoma_memory::wired::logins(&memory, random.clone());
        let client =
            Client::plain(ClientId::parse("saoma").unwrap(), CleanText::new("Saoma"), vec![Dialect::Web]);
        let opening = Opening {
            flow: Flow::web(None),
            client: &client,
            claims: ScreenClaims::default(),
            seen: Seen { ip: None, browser: None },
            opener: None,
            life: Duration::from_mins(5),
        };
        let Opened { session, secret } = run(logins.open(opening, clock.now())).unwrap();
        let phone = |account, phone| Phone {
            account: AccountId::parse(account).unwrap(),
            sign_in: SignInId::parse(phone).unwrap(),
        };
        let phones = [phone("3000876", "a"), phone("3000876", "b"), phone("4000000", "c")];
        for phone in &phones {
            run(memory.begin(&sign_in(phone, clock.now()))).unwrap();
        }
        let trace = Self {
            memory,
            logins,
            target: Target { code: session.code.clone(), dialect: None, sighting: Sighting::default() },
            clock,
            random,
            opened: session,
            secret,
            phones,
            locked: false,
            signed_out: Vec::new(),
            scanned_by: None,
            confirmed_by_scanner: false,
            cancelled_at: None,
            tokens: Vec::new(),
        };
        trace.set_accounts();
        trace
    }

    fn apply(mut trace: Self, (): &(), step: Move) -> Self {
        trace.take(&step);
        trace.check();
        trace
    }
}

impl Trace {
    fn set_accounts(&self) {
        for id in ["3000876", "4000000"] {
            let status = if self.locked { AccountStatus::Locked } else { AccountStatus::Active };
            self.memory.put_account(Account {
                id: AccountId::parse(id).unwrap(),
                phone_number: None,
                status,
                credentials_at: Timestamp::from_secs(0),
                created_at: Timestamp::from_secs(0),
            });
        }
    }

    fn take(&mut self, step: &Move) {
        let (code, now) = (self.opened.code.clone(), self.clock.now());
        match *step {
            Move::Scan { phone } => {
                let by = self.phones[phone].clone();
                let scan = self.logins.scan(&self.target, approver(by.clone()), Ext::default(), now);
                if let Ok(session) = run(scan) {
                    assert_eq!(session.state.claim().map(|claim| &claim.by), Some(&by));
                }
            }
            Move::Confirm { phone, number } => {
                let by = self.phones[phone].clone();
                let right = self.opened.match_number;
                let number = match number {
                    Number::Right => Some(right),
                    Number::Wrong => MatchNumber::parse(if right.get() == 10 { "11" } else { "10" }),
                    Number::None => None,
                };
                let confirm = self.logins.confirm(&self.target, approver(by.clone()), number, now);
                if run(confirm).is_ok() {
                    assert_eq!(self.scanned_by.as_ref(), Some(&by), "only the phone that scanned confirms");
                }
            }
            Move::Cancel { phone } => {
                let by = approver(self.phones[phone].clone());
                let _ = run(self.logins.cancel(&self.target, by, now));
            }
            Move::Redeem { by } => self.redeem(by, now),
            Move::Replace { by } => {
                let secret = self.secret_of(by);
                let _ = run(self.logins.replace(&code, secret, now));
            }
            Move::Lock { locked } => {
                self.locked = locked;
                self.set_accounts();
            }
            Move::SignOut { phone } => {
                if run(self.memory.end(&self.phones[phone])).is_ok() {
                    self.signed_out.push(self.phones[phone].clone());
                }
            }
            Move::Jump { secs } => self.clock.advance(Duration::from_secs(secs)),
            Move::Break { fault } => self.memory.inject(1, fault),
            Move::Lag => {
                self.memory.catch_up();
                self.memory.lag(&code);
            }
        }
    }

    fn secret_of(&self, by: By) -> Secret {
        match by {
            By::Screen | By::Ticket => self.secret.clone(),
            By::Stranger => Secret::random(&*self.random),
        }
    }

    /// A ticket always asks for the same token; a screen for a new one.
    fn token_of(&self, by: By) -> TokenId {
        match by {
            By::Ticket => TokenId::from_stored("of the ticket"),
            By::Screen | By::Stranger => TokenId::random(&*self.random),
        }
    }

    fn redeem(&mut self, by: By, now: Timestamp) {
        let key = match by {
            By::Ticket => RedeemKey::Ticket,
            By::Screen | By::Stranger => RedeemKey::Screen(self.secret_of(by)),
        };
        let Ok(Some(session)) = run(self.memory.find(&self.opened.code, Freshness::Eventual)) else {
            return;
        };
        let redeem = self.logins.redeem(session, key, self.token_of(by), None, now);
        let Ok(redeemed) = run(redeem) else { return };
        assert!(!matches!(by, By::Stranger), "a stranger redeemed");
        let again = self.tokens.iter().any(|(id, _)| *id == redeemed.redemption.id);
        assert!(again || now < self.opened.expires_at, "redeemed after the end");
        assert!(!self.locked, "a locked account signed in");
        let phone = redeemed.session.state.claim().map(|claim| claim.by.clone());
        assert!(!self.signed_out.contains(&phone.unwrap()), "a phone that signed out signed in (K2)");
        assert!(self.cancelled_at.is_none(), "a token after a cancel");
        assert!(self.confirmed_by_scanner, "a token without a confirmation");
        self.tokens.push((redeemed.redemption.id, redeemed.redemption.at));
    }

    /// Checks on the stored session what must hold after every step.
    fn check(&mut self) {
        let stored = self.memory.sessions().pop().unwrap();
        if let Some(claim) = stored.state.claim() {
            let first = self.scanned_by.get_or_insert_with(|| claim.by.clone());
            assert_eq!(*first, claim.by, "the claim moved to another phone");
        }
        if matches!(stored.state, State::Confirmed { .. } | State::Redeemed { .. }) {
            self.confirmed_by_scanner = true;
        }
        if matches!(stored.state, State::Cancelled { .. }) {
            assert!(self.tokens.is_empty(), "cancelled after a token was given");
            self.cancelled_at.get_or_insert(stored.version);
        } else {
            assert!(self.cancelled_at.is_none(), "a cancelled session came back");
        }
        assert!(self.tokens.windows(2).all(|pair| pair[0] == pair[1]), "two different tokens");
        assert_eq!(stored.expires_at, self.opened.expires_at, "C5");
        assert!(stored.version <= 5, "more changes than a session has: {stored:?}");
    }
}

/// Runs a future to its end. The memory store waits only for other tasks, and here there are none, so polling
/// again is enough.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::from(Arc::new(Quiet));
    loop {
        if let std::task::Poll::Ready(value) =
            future.as_mut().poll(&mut std::task::Context::from_waker(&waker))
        {
            return value;
        }
    }
}

struct Quiet;

impl std::task::Wake for Quiet {
    fn wake(self: Arc<Self>) {}
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    // A1 A2 A7 A8 A9 A14 A16 B8 B11 B12 C3 C5 E18 K2
    #[test]
    fn no_trace_breaks_a_promise(sequential 1..40 => Trace);
}
