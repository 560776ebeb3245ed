//! The whole table of states and commands, printed.

use std::{fmt::Write, time::Duration};

use super::*;
use crate::{
    client::Client,
    identity::{AccountId, ClientId, Phone, SignInId},
    ports::testing::Counting,
    rotation::Sighting,
    secrets::{Secret, SessionCode, TokenId},
    text::CleanText,
    time::Timestamp,
};

const OPENED: Timestamp = Timestamp::from_secs(1_700_000_000);

fn at(secs: u64) -> Timestamp {
    OPENED.plus(Duration::from_secs(secs))
}

fn phone(account: &str, phone: &str) -> Phone {
    Phone { account: AccountId::parse(account).unwrap(), sign_in: SignInId::parse(phone).unwrap() }
}

fn claim() -> Claim {
    Claim { by: phone("3000876", "mine"), at: at(5) }
}

fn session(screen: &Secret, policy: MatchPolicy, state: State) -> Session {
    let client = Client::plain(
        ClientId::parse(Client::DEFAULT_WEB).unwrap(),
        CleanText::new("Saoma"),
        vec![Dialect::Web],
    );
    Session {
        code: SessionCode::parse("01ABCDEFGHJKMNPQRSTVWXYZ01").unwrap(),
        version: 1,
        client: client.id,
        screen: screen.hash(),
        match_number: MatchNumber::parse("42").unwrap(),
        match_policy: policy,
        claims: ScreenClaims::default(),
        seen: Seen { ip: None, browser: None },
        opener: None,
        flow: Flow::web(None),
        created_at: OPENED,
        updated_at: OPENED,
        expires_at: at(300),
        state,
    }
}

/// How the names of states begin that a prompt is in.
const PROMPT: &str = "prompt";

fn asks_a_person() -> Flow {
    let ties = Ties {
        trace: TraceId::parse(&"a".repeat(32)).unwrap(),
        device: DeviceId::parse(&"b".repeat(32)).unwrap(),
        policy: LoginPolicy::Ipad,
    };
    let fallback = SessionCode::parse("02ABCDEFGHJKMNPQRSTVWXYZ02").unwrap();
    Flow::Remembered { ties, asks: Asks::Person { fallback } }
}

fn redemption(id: &str, secs: u64) -> Redemption {
    Redemption { id: TokenId::from_stored(id), at: at(secs) }
}

fn outcome(decided: &Result<Decision, Refusal>) -> String {
    match decided {
        Ok(Decision::Stays) => "stays".to_owned(),
        Ok(Decision::Moves(change)) => match change.to() {
            State::Cancelled { reason, .. } => format!("-> cancelled ({})", reason.as_str()),
            state => format!("-> {}", state.name()),
        },
        Ok(Decision::Ends(change, refusal)) => format!("{refusal:?}, -> {}", change.to().name()),
        Err(refusal) => format!("{refusal:?}"),
    }
}

// A1 A2 A7 A8 A9 A14 A16 C1 C3 C6 D14 E18 F3 K11
#[test]
fn the_whole_table() {
    let random = Counting::default();
    let (screen, stranger) = (Secret::random(&random), Secret::random(&random));
    let number = |raw| MatchNumber::parse(raw);
    let cancelled = |reason| State::Cancelled { reason, claim: Some(claim()) };
    let states = [
        ("pending", 10, State::Pending),
        ("scanned", 10, State::Scanned { claim: claim() }),
        ("confirmed", 10, State::Confirmed { claim: claim(), at: at(8) }),
        ("redeemed 30 s ago", 39, State::Redeemed { claim: claim(), redemption: redemption("first", 9) }),
        ("redeemed 31 s ago", 40, State::Redeemed { claim: claim(), redemption: redemption("first", 9) }),
        ("declined", 10, cancelled(CancelReason::Declined)),
        ("stopped by a wrong number", 10, cancelled(CancelReason::WrongMatchNumber)),
        ("replaced", 10, cancelled(CancelReason::Replaced)),
        (
            "redeemed a second before its end, 5 s ago",
            304,
            State::Redeemed { claim: claim(), redemption: redemption("first", 299) },
        ),
        ("a second before its end", 299, State::Confirmed { claim: claim(), at: at(8) }),
        ("at its end", 300, State::Confirmed { claim: claim(), at: at(8) }),
        ("47 hours past its end", 169_500, State::Confirmed { claim: claim(), at: at(8) }),
        (PROMPT, 10, State::Scanned { claim: claim() }),
        ("prompt, confirmed", 10, State::Confirmed { claim: claim(), at: at(8) }),
        ("prompt, undeliverable", 10, cancelled(CancelReason::Undeliverable)),
    ];
    let mine = phone("3000876", "mine");
    let commands = [
        ("scan, the same phone", Command::Scan(claim(), Ext::default(), Sighting::default())),
        (
            "scan, the person's other phone",
            Command::Scan(
                Claim { by: phone("3000876", "other"), ..claim() },
                Ext::default(),
                Sighting::default(),
            ),
        ),
        ("confirm, right number", Command::Confirm(mine.clone(), number("42"))),
        ("confirm, wrong number", Command::Confirm(mine.clone(), number("43"))),
        ("confirm, no number", Command::Confirm(mine.clone(), None)),
        ("confirm, another person", Command::Confirm(phone("4000000", "theirs"), number("42"))),
        ("decline", Command::Decline(mine, Sighting::default())),
        ("decline, another person", Command::Decline(phone("4000000", "theirs"), Sighting::default())),
        ("replace", Command::Replace(screen.clone())),
        ("replace, another screen", Command::Replace(stranger.clone())),
        ("redeem", Command::Redeem(RedeemKey::Screen(screen.clone()), redemption("second", 20))),
        ("redeem, another screen", Command::Redeem(RedeemKey::Screen(stranger), redemption("second", 20))),
        ("redeem by ticket", Command::Redeem(RedeemKey::Ticket, redemption("second", 20))),
        ("redeem by ticket, answer lost", Command::Redeem(RedeemKey::Ticket, redemption("first", 20))),
        ("bar", Command::Bar(Bar::Account)),
        ("bar, signed out", Command::Bar(Bar::SignIn)),
        ("confirm, the person's other phone", Command::Confirm(phone("3000876", "other"), number("42"))),
        ("abandon, undeliverable", Command::Abandon(Abandonment::Undeliverable)),
        ("abandon, superseded", Command::Abandon(Abandonment::Superseded)),
    ];
    let mut table = String::new();
    for (state_name, secs, state) in states {
        writeln!(table, "{state_name}").unwrap();
        for (command_name, command) in &commands {
            let flow = if state_name.starts_with(PROMPT) { asks_a_person() } else { Flow::web(None) };
            let state = |policy| Session { flow: flow.clone(), ..session(&screen, policy, state.clone()) };
            let (show, pick) = (state(MatchPolicy::Show), state(MatchPolicy::Pick));
            let shown = outcome(&show.decide(command, at(secs)));
            let picked = outcome(&pick.decide(command, at(secs)));
            let under_pick = if picked == shown { String::new() } else { format!("   (pick: {picked})") };
            writeln!(table, "    {command_name:<34} {shown}{under_pick}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

// C5
#[test]
fn no_change_moves_the_end() {
    let screen = Secret::random(&Counting::default());
    let session = session(&screen, MatchPolicy::Show, State::Pending);
    let scan = Command::Scan(claim(), Ext::default(), Sighting::default());
    let Ok(Decision::Moves(change)) = session.decide(&scan, at(299)) else { panic!("a scan in time moves") };
    assert_eq!(change.applied_to(&session).expires_at, session.expires_at);
}

// L1 L2 L3 L10: who does not hold a session whose QR rotates must have seen the QR, and who holds it need not.
#[test]
fn only_a_phone_that_saw_the_qr_scans_or_cancels_what_rotates() {
    let screen = Secret::random(&Counting::default());
    let states = [
        ("waiting", 10, State::Pending),
        ("scanned", 10, State::Scanned { claim: claim() }),
        ("confirmed", 10, State::Confirmed { claim: claim(), at: at(8) }),
        ("redeemed", 10, State::Redeemed { claim: claim(), redemption: redemption("first", 9) }),
        ("declined", 10, State::Cancelled { reason: CancelReason::Declined, claim: Some(claim()) }),
        ("expired", 300, State::Scanned { claim: claim() }),
    ];
    let code = session(&screen, MatchPolicy::Show, State::Pending).code;
    let another = SessionCode::parse("02ABCDEFGHJKMNPQRSTVWXYZ02").unwrap();
    let sightings = [
        ("bare code", Sighting::default()),
        ("copy", Sighting::copy()),
        ("saw another QR", Sighting::live(another)),
        ("saw this QR", Sighting::live(code)),
    ];
    let phones = [("holder", phone("3000876", "mine")), ("stranger", phone("4000000", "theirs"))];
    let mut table = String::new();
    for (state_name, secs, state) in states {
        let flow = Flow::rotating_web(None);
        let session = Session { flow, ..session(&screen, MatchPolicy::Show, state) };
        writeln!(table, "{state_name}").unwrap();
        for (phone_name, by) in &phones {
            for (name, sighting) in &sightings {
                let claim = Claim { by: by.clone(), at: at(secs) };
                let scan = Command::Scan(claim, Ext::default(), sighting.clone());
                let decline = Command::Decline(by.clone(), sighting.clone());
                let scan = outcome(&session.decide(&scan, at(secs)));
                let decline = outcome(&session.decide(&decline, at(secs)));
                writeln!(table, "    {phone_name:<9} {name:<15} scan: {scan:<18} decline: {decline}")
                    .unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_scan_keeps_that_the_qr_rotates() {
    let screen = Secret::random(&Counting::default());
    let flow = Flow::rotating_web(PageState::parse("page"));
    let session = Session { flow, ..session(&screen, MatchPolicy::Show, State::Pending) };
    let scan = Command::Scan(claim(), Ext::parse("ext").unwrap(), Sighting::live(session.code.clone()));
    let Ok(Decision::Moves(change)) = session.decide(&scan, at(10)) else { panic!("it was seen") };
    let scanned = change.applied_to(&session);
    assert!(scanned.flow.rotates() && scanned.flow.ext().is_some_and(|ext| ext.as_str() == "ext"));
}
