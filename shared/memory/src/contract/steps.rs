//! Sessions, opened and taken to the state that a test needs.

use std::sync::atomic::{AtomicU64, Ordering};

use saoma_domain::{
    cases::{Opened, Opening},
    client::Client,
    identity::{ClientId, Phone},
    opener::{MachineName, Opener},
    ports::{Committed, Created, Freshness, Randomness, Sessions, WriteId},
    rotation::Sighting,
    secrets::{Secret, TokenId},
    session::{
        Change, Claim, Command, Decision, Dialect, Ext, Flow, MatchNumber, Redemption, ScreenClaims, Seen,
        Session,
    },
    text::CleanText,
    time::Timestamp,
};

use super::fixtures::{LIFE, OPENED, at, person};

/// A scan by this phone, with a text for the page.
pub(super) fn scan(by: &Phone) -> Command {
    Command::Scan(Claim { by: by.clone(), at: at(1) }, Ext::parse("ext 文字").unwrap(), Sighting::default())
}

/// Opens a session with every field at its longest.
pub async fn open_largest(sessions: &dyn Sessions, random: &dyn Randomness) -> Opened {
    let id = ClientId::parse(Client::DEFAULT_KIOSK).unwrap();
    let client = Client::plain(id, CleanText::new("Saoma"), Dialect::ALL.to_vec());
    let client = Client { id: ClientId::parse(&"c".repeat(ClientId::LONGEST)).unwrap(), ..client };
    let opening = Opening {
        flow: Flow::kiosk(random),
        client: &client,
        claims: ScreenClaims {
            device_name: Some(CleanText::new(&"n".repeat(64))),
            device_mac: Some(CleanText::new(&"m".repeat(64))),
        },
        seen: Seen {
            ip: Some("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap()),
            browser: Some(CleanText::new(&"b".repeat(28))),
        },
        opener: Some(Opener::Machine(
            MachineName::parse(&"k".repeat(MachineName::LONGEST)).unwrap(),
            Secret::random(random).hash(),
        )),
        life: LIFE,
    };
    let opened = opening.draw(random, OPENED);
    let created = sessions.create(&opened.session, &WriteId::random(random)).await.unwrap();
    assert_eq!(created, Created::Stored);
    opened
}

/// A fresh write id.
pub(super) fn write() -> WriteId {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    WriteId::from_stored(&format!("write-{}", WRITES.fetch_add(1, Ordering::SeqCst)))
}

/// The change that `command` leads to from `session`.
#[must_use]
pub fn change(session: &Session, command: &Command, now: Timestamp) -> Change {
    match session.decide(command, now) {
        Ok(Decision::Moves(change) | Decision::Ends(change, _)) => change,
        other => panic!("{command:?} does not move: {other:?}"),
    }
}

pub(super) async fn step(
    sessions: &dyn Sessions,
    session: &Session,
    command: &Command,
    now: Timestamp,
) -> Session {
    match sessions.commit(&change(session, command, now), &write()).await.unwrap() {
        Committed::Stored(session) => session,
        other => panic!("{command:?} was not stored: {other:?}"),
    }
}

pub(super) async fn stored(sessions: &dyn Sessions, session: &Session) -> Session {
    let found = sessions.find(&session.code, Freshness::Strong).await.unwrap();
    found.unwrap_or_else(|| panic!("{:?} is gone", session.code))
}

pub(super) fn redemption(random: &dyn Randomness, secs: u64) -> Redemption {
    Redemption { id: TokenId::random(random), at: at(secs) }
}

/// A confirmed session, with the values that the race for it needs.
pub async fn open_confirmed(
    sessions: &dyn Sessions,
    random: &dyn Randomness,
) -> (Session, Phone, saoma_domain::secrets::Secret) {
    let opened = open_largest(sessions, random).await;
    let me = person(random);
    let scanned = step(sessions, &opened.session, &scan(&me), at(1)).await;
    let number = MatchNumber::parse(&scanned.match_number.to_string());
    let confirmed = step(sessions, &scanned, &Command::Confirm(me.clone(), number), at(2)).await;
    (confirmed, me, opened.secret)
}
