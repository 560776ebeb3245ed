//! What every store must do, whoever built it.
//!
//! Each function takes a store and panics with the broken promise. Codes, numbers and ids are drawn
//! from the operating system's seed the caller hands in, so one table can serve many runs.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a broken promise is a failed test"
)]

use std::{net::IpAddr, sync::Arc, time::Duration};

use saoma_domain::{
    account::{Account, AccountStatus, Visits},
    cases::{self, Opened, Opening},
    client::Client,
    identity::{AccountId, ClientId, Phone, PhoneId, PhoneNumber},
    pairing::{PROMPTS_IN_WINDOW, Pairing, Trace},
    ports::{
        Accounts, Committed, Created, Devices, Freshness, Prompts, PushEndpoints, Randomness, Sessions,
        SignIns, SmsChallenges, Traces,
    },
    push::{PushEndpoint, PushPlatform, PushToken, PushTokenId},
    secrets::{SessionCode, TokenId},
    session::{
        Change, Claim, Command, Decision, DeviceId, Dialect, Ext, Grant, LoginPolicy, MatchNumber,
        PictureFormat, RedeemKey, ScreenClaims, Seen, Session, TraceId,
    },
    sign_in::SignIn,
    sms_code::{SmsChallenge, SmsLimits},
    text::CleanText,
    time::Timestamp,
};
use tokio::{sync::Barrier, task::JoinSet};

/// When the contract's sessions are opened. Stores compare with what callers say, not with a clock.
pub const OPENED: Timestamp = Timestamp::from_secs(1_705_998_038);
const LIFE: Duration = Duration::from_mins(5);

fn at(secs: u64) -> Timestamp {
    OPENED.plus(Duration::from_secs(secs))
}

fn person(random: &dyn Randomness) -> Phone {
    Phone { account: AccountId::random(random), phone: PhoneId::random(random) }
}

fn claim(by: &Phone) -> Claim {
    Claim { by: by.clone(), at: at(1), ext: Ext::parse("ext 文字").unwrap() }
}

/// Opens a session with every field at its longest.
pub async fn open_largest(sessions: &dyn Sessions, random: &dyn Randomness) -> Opened {
    let client = Client::built_in(&ClientId::parse(Client::DEFAULT_KIOSK).unwrap(), "Saoma").unwrap();
    let client = Client { id: ClientId::parse(&"c".repeat(ClientId::LONGEST)).unwrap(), ..client };
    let opening = Opening {
        dialect: Dialect::Kiosk,
        client: &client,
        claims: ScreenClaims {
            device_name: Some(CleanText::new(&"n".repeat(64))),
            device_mac: Some(CleanText::new(&"m".repeat(64))),
        },
        seen: Seen {
            ip: Some("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap()),
            browser: Some(CleanText::new(&"b".repeat(48))),
        },
        picture: Some(PictureFormat::Png),
        life: LIFE,
    };
    cases::open(sessions, random, opening, OPENED).await.unwrap()
}

/// The change that `command` leads to from `session`.
#[must_use]
pub fn change(session: &Session, command: &Command, now: Timestamp) -> Change {
    match session.decide(command, now) {
        Ok(Decision::Moves(change) | Decision::Ends(change, _)) => change,
        other => panic!("{command:?} does not move: {other:?}"),
    }
}

async fn step(sessions: &dyn Sessions, session: &Session, command: &Command, now: Timestamp) -> Session {
    match sessions.commit(&change(session, command, now)).await.unwrap() {
        Committed::Stored(session) => session,
        other => panic!("{command:?} was not stored: {other:?}"),
    }
}

async fn stored(sessions: &dyn Sessions, session: &Session) -> Session {
    let found = sessions.find(&session.code, Freshness::Strong).await.unwrap();
    found.unwrap_or_else(|| panic!("{:?} is gone", session.code))
}

fn grant(random: &dyn Randomness, secs: u64) -> Grant {
    Grant { id: TokenId::random(random), at: at(secs) }
}

/// Every state is read back as it was written, in every field.
pub async fn what_is_written_is_read(sessions: &dyn Sessions, random: &dyn Randomness) {
    let opened = open_largest(sessions, random).await;
    let me = person(random);
    let pending = opened.session;
    assert_eq!(stored(sessions, &pending).await, pending);
    let declined = open_largest(sessions, random).await.session;
    let declined = step(sessions, &declined, &Command::Decline(me.clone()), at(2)).await;
    assert_eq!(stored(sessions, &declined).await, declined);

    let scanned = step(sessions, &pending, &Command::Scan(claim(&me)), at(1)).await;
    assert_eq!(scanned.version, 2);
    assert_eq!(stored(sessions, &scanned).await, scanned);
    let confirmed = step(sessions, &scanned, &Command::Confirm(me.clone(), None), at(2)).await;
    assert_eq!(stored(sessions, &confirmed).await, confirmed);
    let redeem = Command::Redeem(RedeemKey::Screen(opened.secret), grant(random, 3));
    let redeemed = step(sessions, &confirmed, &redeem, at(3)).await;
    assert_eq!(stored(sessions, &redeemed).await, redeemed);
    assert_eq!(redeemed.version, 4);
    assert_eq!(redeemed.expires_at, pending.expires_at, "C5: nothing extends a session");

    let unknown = open_largest(&crate::Memory::default(), random).await.session;
    assert_eq!(sessions.find(&unknown.code, Freshness::Eventual).await.unwrap(), None);
    let nowhere = change(&unknown, &Command::Scan(claim(&me)), at(1));
    assert_eq!(sessions.commit(&nowhere).await.unwrap(), Committed::Gone);
    assert_eq!(sessions.find(&unknown.code, Freshness::Strong).await.unwrap(), None, "no item was made");
}

/// A taken code is left alone (ADVERSARIES B10).
pub async fn a_taken_code_is_left_alone(sessions: &dyn Sessions, random: &dyn Randomness) {
    let first = open_largest(sessions, random).await.session;
    let second = Session { version: 7, created_at: at(9), ..first.clone() };
    assert_eq!(sessions.create(&second).await.unwrap(), Created::Collision);
    assert_eq!(stored(sessions, &first).await, first);
}

/// A change decided on an old copy touches nothing and comes back with the truth (B11).
pub async fn a_stale_copy_changes_nothing(sessions: &dyn Sessions, random: &dyn Randomness) {
    let pending = open_largest(sessions, random).await.session;
    let (me, you) = (person(random), person(random));
    let scanned = step(sessions, &pending, &Command::Scan(claim(&me)), at(1)).await;
    let late = change(&pending, &Command::Scan(claim(&you)), at(2));
    assert_eq!(sessions.commit(&late).await.unwrap(), Committed::Behind(scanned.clone()));
    assert_eq!(stored(sessions, &scanned).await, scanned);
}

/// A change is stored one second before the end, and not at it or after (B3, C1, C3).
pub async fn nothing_is_stored_at_or_after_the_end(sessions: &dyn Sessions, random: &dyn Randomness) {
    for (secs, in_time) in [(299, true), (300, false), (301, false), (300 + 47 * 3600, false)] {
        let pending = open_largest(sessions, random).await.session;
        let endless = Session { expires_at: at(1_000_000), ..pending.clone() };
        let scan = change(&endless, &Command::Scan(claim(&person(random))), at(secs));
        let committed = sessions.commit(&scan).await.unwrap();
        assert_eq!(matches!(committed, Committed::Stored(_)), in_time, "{secs} s: {committed:?}");
        if !in_time {
            assert_eq!(committed, Committed::Behind(pending.clone()));
            assert_eq!(stored(sessions, &pending).await, pending);
        }
    }
}

/// How many of `commands`, all decided on the same `session` and let go at once, were stored.
pub async fn race(sessions: &Arc<dyn Sessions>, session: &Session, commands: Vec<Command>) -> Vec<Session> {
    let barrier = Arc::new(Barrier::new(commands.len()));
    let mut running = JoinSet::new();
    for command in commands {
        let (sessions, barrier) = (Arc::clone(sessions), Arc::clone(&barrier));
        let change = change(session, &command, at(3));
        running.spawn(async move {
            barrier.wait().await;
            sessions.commit(&change).await.unwrap()
        });
    }
    let committed = running.join_all().await.into_iter();
    committed
        .filter_map(|committed| match committed {
            Committed::Stored(session) => Some(session),
            Committed::Behind(_) | Committed::Gone => None,
        })
        .collect()
}

/// A confirmed session, with what the race for it needs.
pub async fn open_confirmed(
    sessions: &dyn Sessions,
    random: &dyn Randomness,
) -> (Session, Phone, saoma_domain::secrets::Secret) {
    let opened = open_largest(sessions, random).await;
    let me = person(random);
    let scanned = step(sessions, &opened.session, &Command::Scan(claim(&me)), at(1)).await;
    let number = MatchNumber::parse(&scanned.match_number.to_string());
    let confirmed = step(sessions, &scanned, &Command::Confirm(me.clone(), number), at(2)).await;
    (confirmed, me, opened.secret)
}

/// Of any number of steps decided on one version, one is stored (B1, B2, B4, B5, B6).
pub async fn one_winner_a_version(sessions: Arc<dyn Sessions>, random: &dyn Randomness, rounds: usize) {
    for _ in 0..rounds {
        let pending = open_largest(&*sessions, random).await.session;
        let scans = (0..4).map(|_| Command::Scan(claim(&person(random)))).collect();
        let winners = race(&sessions, &pending, scans).await;
        assert_eq!(winners.len(), 1, "B6: one phone wins");
        let scanned = stored(&*sessions, &pending).await;
        assert_eq!(winners, std::slice::from_ref(&scanned));

        let me = scanned.state.claim().unwrap().by.clone();
        let confirm = Command::Confirm(me.clone(), None);
        let decisions = vec![confirm.clone(), Command::Decline(me), confirm];
        assert_eq!(race(&sessions, &scanned, decisions).await.len(), 1, "B1, B2: one decision");

        let (confirmed, me, secret) = open_confirmed(&*sessions, random).await;
        let redeems = (0..8).map(|_| redeem(random, &secret)).chain([Command::Decline(me), Command::Bar]);
        let winners = race(&sessions, &confirmed, redeems.collect()).await;
        assert_eq!(winners.len(), 1, "B4, B5: redeemed once, or cancelled, never both");
    }
}

fn redeem(random: &dyn Randomness, secret: &saoma_domain::secrets::Secret) -> Command {
    Command::Redeem(RedeemKey::Screen(secret.clone()), grant(random, 3))
}

/// How often fifty redemptions of one confirmed session were stored. One, for a store that keeps
/// the promise; a store without its guard shows more, which proves that this test can fail.
pub async fn fifty_redemptions(sessions: Arc<dyn Sessions>, random: &dyn Randomness) -> usize {
    let (confirmed, _, secret) = open_confirmed(&*sessions, random).await;
    let redeems = (0..50).map(|_| redeem(random, &secret)).collect();
    race(&sessions, &confirmed, redeems).await.len()
}

/// Accounts: one number, one account, found by either.
pub async fn one_account_a_number(accounts: &dyn Accounts, random: &dyn Randomness) {
    let number = random_number(random);
    let account = Account {
        id: AccountId::random(random),
        phone_number: Some(number.clone()),
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    assert_eq!(accounts.account(account.id).await.unwrap(), None);
    assert_eq!(accounts.account_by_phone(&number).await.unwrap(), None);
    assert!(accounts.register(&account).await.unwrap());
    assert_eq!(accounts.account(account.id).await.unwrap(), Some(account.clone()));
    assert_eq!(accounts.account_by_phone(&number).await.unwrap(), Some(account.clone()));
    let second = Account { id: AccountId::random(random), ..account.clone() };
    assert!(!accounts.register(&second).await.unwrap(), "the number is taken");
    assert_eq!(accounts.account(second.id).await.unwrap(), None, "nothing of it was stored");
    let third = Account { phone_number: Some(random_number(random)), ..account };
    assert!(!accounts.register(&third).await.unwrap(), "the account's id is taken");
}

fn random_number(random: &dyn Randomness) -> PhoneNumber {
    let digits = AccountId::random(random).to_string();
    PhoneNumber::parse(&format!("+861{}{}", 3, &digits[1..])).unwrap()
}

/// Sign-ins: a generation is good once, and what is revoked stays so (E15).
pub async fn a_generation_is_good_once(sign_ins: Arc<dyn SignIns>, random: &dyn Randomness) {
    let sign_in = SignIn {
        phone: PhoneId::random(random),
        account: AccountId::random(random),
        app: ClientId::parse("their-app").unwrap(),
        generation: 1,
        revoked: false,
        created_at: at(0),
        expires_at: at(1000),
    };
    assert_eq!(sign_ins.sign_in(&sign_in.phone).await.unwrap(), None);
    assert!(!sign_ins.rotate(&sign_in.phone, 1, at(2000)).await.unwrap(), "there is none yet");
    sign_ins.begin(&sign_in).await.unwrap();
    assert_eq!(sign_ins.sign_in(&sign_in.phone).await.unwrap(), Some(sign_in.clone()));

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (sign_ins, phone) = (Arc::clone(&sign_ins), sign_in.phone.clone());
        running.spawn(async move { sign_ins.rotate(&phone, 1, at(2000)).await.unwrap() });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "one of eight refreshes wins");
    let rotated = SignIn { generation: 2, expires_at: at(2000), ..sign_in };
    assert_eq!(sign_ins.sign_in(&rotated.phone).await.unwrap(), Some(rotated.clone()));

    sign_ins.revoke(&rotated.phone).await.unwrap();
    sign_ins.revoke(&rotated.phone).await.unwrap();
    assert!(!sign_ins.rotate(&rotated.phone, 2, at(3000)).await.unwrap(), "it was revoked");
    assert!(sign_ins.sign_in(&rotated.phone).await.unwrap().unwrap().revoked);
    let never = PhoneId::random(random);
    sign_ins.revoke(&never).await.unwrap();
    assert_eq!(sign_ins.sign_in(&never).await.unwrap(), None, "revoking makes nothing");
}

/// SMS challenges: each version follows the one before; addresses are counted up to their limit.
pub async fn challenges_follow_one_another(challenges: Arc<dyn SmsChallenges>, random: &dyn Randomness) {
    let limits = SmsLimits { code_life: LIFE, per_number_per_day: 9, per_ip_per_day: 3 };
    let number = random_number(random);
    assert_eq!(challenges.challenge(&number).await.unwrap(), None);
    let first = SmsChallenge::default().send([7; 32], at(0), limits).unwrap();
    assert!(challenges.replace(&number, &first).await.unwrap());
    assert!(!challenges.replace(&number, &first).await.unwrap(), "its version is stored already");
    assert_eq!(challenges.challenge(&number).await.unwrap(), Some(first.clone()));

    let mut running = JoinSet::new();
    for n in 0..8_u32 {
        let (challenges, number) = (Arc::clone(&challenges), number.clone());
        let next = SmsChallenge { version: 2, tries: n, ..first.clone() };
        running.spawn(async move { challenges.replace(&number, &next).await.unwrap() });
    }
    let winners = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1, "D1: parallel guesses count one by one");
    let used = SmsChallenge { version: 3, code: None, ..first };
    assert!(challenges.replace(&number, &used).await.unwrap());
    assert_eq!(challenges.challenge(&number).await.unwrap(), Some(used));

    let mut address = [0; 16];
    random.fill(&mut address);
    let ip = IpAddr::from(address);
    for allowed in [true, true, true, false, false] {
        assert_eq!(challenges.count_ip(ip, at(0), limits.per_ip_per_day).await.unwrap(), allowed);
    }
    assert!(challenges.count_ip(ip, at(86_400), limits.per_ip_per_day).await.unwrap(), "a new day");
}

/// Devices: binding twice is binding once.
pub async fn binding_twice_is_binding_once(devices: &dyn Devices, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let (mac, name) = (CleanText::new("22:33"), CleanText::new("BM05"));
    devices.bind(account, &mac, Some(&name), at(0)).await.unwrap();
    devices.bind(account, &mac, Some(&name), at(9)).await.unwrap();
}

/// Pairs: the newest login by QR counts, and one that was cancelled is not asked again; each client
/// and kind of device by itself.
pub async fn the_newest_pair_counts(devices: &dyn Devices, random: &dyn Randomness) {
    let (client, other) = (ClientId::parse("region-1").unwrap(), ClientId::parse("region-2").unwrap());
    let (mine, next, policy) = (DeviceId::random(random), DeviceId::random(random), LoginPolicy::Ipad);
    let me = person(random);
    let paired = |device: &DeviceId, may_prompt| {
        Some(Pairing { device: device.clone(), phone: me.phone.clone(), may_prompt })
    };
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), None);
    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), None, "nothing was made");

    devices.pair(&client, policy, &mine, &me, at(0)).await.unwrap();
    devices.pair(&client, policy, &mine, &me, at(1)).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), paired(&mine, true));
    assert_eq!(devices.pairing(me.account, &other, policy).await.unwrap(), None);
    assert_eq!(devices.pairing(me.account, &client, LoginPolicy::Mac).await.unwrap(), None);
    assert_eq!(devices.pairing(person(random).account, &client, policy).await.unwrap(), None);

    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(devices.pairing(me.account, &client, policy).await.unwrap(), paired(&mine, false));
    devices.pair(&client, policy, &next, &me, at(2)).await.unwrap();
    devices.unpair(me.account, &client, policy, &mine).await.unwrap();
    assert_eq!(
        devices.pairing(me.account, &client, policy).await.unwrap(),
        paired(&next, true),
        "an answer that comes late ends no newer pair"
    );
}

/// Traces are read back as they were written.
pub async fn a_trace_is_read_as_written(traces: &dyn Traces, random: &dyn Randomness) {
    for prompt in [None, Some(SessionCode::random(random))] {
        let trace = Trace {
            id: TraceId::random(random),
            client: ClientId::parse("region-1").unwrap(),
            prompt,
            qr: SessionCode::random(random),
            expires_at: at(900),
        };
        assert_eq!(traces.trace(&trace.id).await.unwrap(), None);
        traces.begin(&trace).await.unwrap();
        assert_eq!(traces.trace(&trace.id).await.unwrap(), Some(trace));
    }
}

/// Prompts: three in ten minutes, counted one by one however many come at once (H1).
pub async fn three_prompts_in_ten_minutes(prompts: Arc<dyn Prompts>, random: &dyn Randomness) {
    let account = AccountId::random(random);
    assert_eq!(prompts.recent(account).await.unwrap(), Vec::new());
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (prompts, code) = (Arc::clone(&prompts), SessionCode::random(random));
        running.spawn(async move { (prompts.note(account, &code, at(0)).await.unwrap(), code) });
    }
    let noted: Vec<_> = running.join_all().await.into_iter().filter(|(noted, _)| *noted).collect();
    assert_eq!(noted.len(), PROMPTS_IN_WINDOW);
    let recent = prompts.recent(account).await.unwrap();
    assert_eq!(recent.len(), PROMPTS_IN_WINDOW);
    assert!(noted.iter().all(|(_, code)| recent.contains(code)));

    let (late, later) = (SessionCode::random(random), SessionCode::random(random));
    assert!(!prompts.note(account, &late, at(599)).await.unwrap(), "one second too early");
    assert!(prompts.note(account, &later, at(600)).await.unwrap());
    assert_eq!(prompts.recent(account).await.unwrap().first(), Some(&later), "newest first");
    assert!(
        prompts.note(AccountId::random(random), &late, at(1)).await.unwrap(),
        "each person by themselves"
    );

    assert_eq!(prompts.last_present(account).await.unwrap(), None);
    prompts.mark_present(account, at(5)).await.unwrap();
    prompts.mark_present(account, at(9)).await.unwrap();
    assert_eq!(prompts.last_present(account).await.unwrap(), Some(at(9)));
}

fn endpoint(token: &PushTokenId, owner: &Phone) -> PushEndpoint {
    PushEndpoint {
        token: token.clone(),
        platform: PushPlatform::Fcm,
        address: format!("address of {}", token.as_str()),
        owner: owner.clone(),
        registered_at: at(0),
    }
}

fn random_token(random: &dyn Randomness) -> PushTokenId {
    PushToken::parse(TraceId::random(random).as_str()).unwrap().id(PushPlatform::Fcm)
}

/// Push endpoints: a token is one account's at a time, and nobody has too many.
pub async fn a_push_token_has_one_owner(endpoints: Arc<dyn PushEndpoints>, random: &dyn Randomness) {
    let (me, you, token) = (person(random), person(random), random_token(random));
    assert!(endpoints.keep(&endpoint(&token, &me)).await.unwrap());
    assert!(endpoints.keep(&endpoint(&token, &me)).await.unwrap(), "again is the same");
    assert_eq!(endpoints.endpoints(me.account).await.unwrap(), [endpoint(&token, &me)]);
    assert!(endpoints.keep(&endpoint(&token, &you)).await.unwrap());
    assert_eq!(endpoints.endpoints(me.account).await.unwrap(), []);
    assert_eq!(endpoints.endpoints(you.account).await.unwrap(), [endpoint(&token, &you)]);
    assert_eq!(endpoints.forget(me.account, &token).await.unwrap(), None, "it is not mine any more");
    assert_eq!(endpoints.endpoints(you.account).await.unwrap().len(), 1);
    assert_eq!(endpoints.forget(you.account, &token).await.unwrap(), Some(endpoint(&token, &you)));
    assert_eq!(endpoints.forget(you.account, &token).await.unwrap(), None);
    assert_eq!(endpoints.endpoints(you.account).await.unwrap(), []);

    let people: Vec<Phone> = (0..6).map(|_| person(random)).collect();
    let mut running = JoinSet::new();
    for someone in people.clone() {
        let (endpoints, wanted) = (Arc::clone(&endpoints), endpoint(&token, &someone));
        running.spawn(async move { endpoints.keep(&wanted).await });
    }
    // Under such a crowd a store may give up; it may not give one token to two.
    let _ = running.join_all().await;
    let mut owners = 0;
    for someone in &people {
        owners += endpoints.endpoints(someone.account).await.unwrap().len();
    }
    assert_eq!(owners, 1, "one token, one account");

    let many: Vec<PushTokenId> = (0..PushEndpoint::MOST).map(|_| random_token(random)).collect();
    for token in &many {
        assert!(endpoints.keep(&endpoint(token, &me)).await.unwrap());
    }
    assert!(!endpoints.keep(&endpoint(&random_token(random), &me)).await.unwrap(), "one too many");
    let kept = many.last().unwrap();
    assert!(endpoints.keep(&endpoint(kept, &me)).await.unwrap(), "one that is kept may come again");
    assert_eq!(endpoints.endpoints(me.account).await.unwrap().len(), PushEndpoint::MOST);
}

/// Visits: each login counts once, however often a lost answer makes it come again.
pub async fn a_login_is_one_visit(accounts: &dyn Accounts, random: &dyn Randomness) {
    let account = Account {
        id: AccountId::random(random),
        phone_number: None,
        status: AccountStatus::Active,
        credentials_at: at(0),
        created_at: at(0),
    };
    assert!(accounts.register(&account).await.unwrap());
    let (first, second) = (SessionCode::random(random), SessionCode::random(random));
    let ip: IpAddr = "203.0.113.7".parse().unwrap();
    let once = Visits { count: 1, last_at: at(10), last_ip: Some(ip) };
    assert_eq!(accounts.visits(account.id).await.unwrap(), Visits::default());
    for secs in [10, 11] {
        accounts.count_visit(account.id, &first, Some(ip), at(secs)).await.unwrap();
        assert_eq!(accounts.visits(account.id).await.unwrap(), once);
    }
    accounts.count_visit(account.id, &second, None, at(20)).await.unwrap();
    let twice = Visits { count: 2, last_at: at(20), last_ip: None };
    assert_eq!(accounts.visits(account.id).await.unwrap(), twice);
    assert_eq!(accounts.account(account.id).await.unwrap(), Some(account), "the account is as it was");
    let nobody = AccountId::random(random);
    assert!(accounts.count_visit(nobody, &first, None, at(0)).await.is_err());
    assert_eq!(accounts.account(nobody).await.unwrap(), None, "counting makes no account");
}
