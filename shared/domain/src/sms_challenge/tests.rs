//! One number, its owner, and strangers.

use super::*;
use crate::sms_lane::DAY;
use crate::{
    ports::{KeyName, testing::Counting},
    secrets::Secret,
};

fn limits() -> SmsLimits {
    SmsLimits {
        code_life: Duration::from_mins(5),
        per_number_per_day: 10,
        per_network_per_day: 50,
        per_day: 1000,
        countries: vec![],
    }
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

fn id(n: u8) -> ChallengeId {
    ChallengeId(URL_SAFE_NO_PAD.encode([n; 16]))
}

/// The nth code's nonce.
fn nonce(n: u8) -> CodeNonce {
    CodeNonce::from_stored(&n.to_string())
}

/// A number that nothing was sent to, and the first caller.
fn fresh() -> Records {
    Records { challenge: Challenge::new(id(0), number()), open: Lane::default(), device: None }
}

/// Another caller of the same number.
fn other(records: &Records, n: u8) -> Records {
    Records { challenge: Challenge::new(id(n), number()), open: records.open.clone(), device: None }
}

fn device() -> KnownDevice {
    let secret = Secret::random(&Counting::default());
    let phone = Phone {
        account: crate::identity::AccountId::parse("3000876").unwrap(),
        sign_in: SignInId::parse("aaaa").unwrap(),
    };
    KnownDevice::new(phone, number(), &secret, at(0))
}

/// The owner's known device.
fn owner(records: &Records, n: u8) -> Records {
    Records { device: Some(records.device.clone().unwrap_or_else(device)), ..other(records, n) }
}

fn ask(records: &Records, secs: u64) -> Result<Asked, NotSent> {
    records.ask(&number(), true, nonce(secs.try_into().unwrap_or(255)), at(secs), &limits())
}

fn sending(asked: Result<Asked, NotSent>) -> Sending {
    match asked {
        Ok(Asked::Sends(sending)) => *sending,
        other => panic!("not sent: {other:?}"),
    }
}

fn sent(asked: Result<Asked, NotSent>) -> Records {
    sending(asked).records
}

fn joined(records: &Records, n: u8, secs: u64) -> Records {
    match ask(&other(records, n), secs) {
        Ok(Asked::Joins(joined)) => *joined,
        other => panic!("not shared: {other:?}"),
    }
}

fn used(code: u8, secs: u64) -> Used {
    Used {
        code: KeyedTag { key: KeyName::of_kid("the-key-"), hash: [code; 32] },
        purpose: Purpose::SignIn,
        sign_in: SignInId::parse("aaaa").unwrap(),
        at: at(secs),
    }
}

/// Tries the nth wrong code.
fn guess(records: &Records, n: u8, secs: u64) -> Tried {
    records.try_code(|_| false, used(n, secs), at(secs))
}

fn wrong(records: &Records, n: u8, secs: u64) -> Records {
    match guess(records, n, secs) {
        Tried::Wrong(next) => next,
        other => panic!("not wrong: {other:?}"),
    }
}

/// Tries the right code.
fn right(records: &Records, secs: u64) -> Tried {
    records.try_code(|_| true, used(0, secs), at(secs))
}

/// Strangers use up what they may of the code that is good at `secs`.
fn use_up(records: &Records, secs: u64) -> Lane {
    let mut open = records.open.clone();
    for stranger in 100..103 {
        let mut theirs = joined(&Records { open, ..records.clone() }, stranger, secs);
        for n in 1..6 {
            theirs = wrong(&theirs, n, secs);
        }
        open = theirs.open;
    }
    open
}

// F2
#[test]
fn a_repeated_call_sends_nothing_and_a_minute_later_it_sends_the_same_code() {
    let first = sent(ask(&fresh(), 0));
    assert_eq!(ask(&first, 59), Ok(Asked::Again));
    let second = sent(ask(&first, 60));
    assert_eq!(second.open.code.as_ref().unwrap().nonce, first.open.code.as_ref().unwrap().nonce);
    let third = sent(ask(&second, 120));
    assert_eq!(ask(&third, 180), Err(NotSent::Over), "three messages a challenge");
}

// F17
#[test]
fn a_second_caller_shares_the_message_that_is_on_its_way() {
    let first = sent(ask(&fresh(), 0));
    let second = joined(&first, 1, 59);
    assert_eq!(second.open, first.open);
    assert!(matches!(right(&second, 59 + 299), Tried::Right(_)), "it heard of five minutes");
}

// H3 K5
#[test]
fn after_the_days_free_messages_each_costs_a_puzzle_of_twice_the_work() {
    let mut records = fresh();
    let mut prices = Vec::new();
    for n in 0..10 {
        let sending = sending(ask(&other(&records, n), u64::from(n) * 60));
        prices.push(sending.lane);
        records = sending.records;
    }
    let free = [LaneKind::Open(None); 4];
    let dear = [0, 1, 2, 3, 4, 5].map(|doublings| LaneKind::Open(Some(doublings)));
    assert_eq!(prices, [&free[..], &dear[..]].concat());
    let rest = DAY.saturating_sub(Duration::from_mins(10));
    assert_eq!(ask(&other(&records, 11), 600), Err(NotSent::TooMany(rest)));
    let tomorrow = sending(ask(&other(&records, 11), 86_400));
    assert_eq!((tomorrow.lane, tomorrow.records.open.sent), (LaneKind::Open(None), 1));
    assert_eq!(tomorrow.records.open.puzzles, 0);
}

// D1 K5
#[test]
fn strangers_never_use_up_the_tries_of_the_caller_who_asked() {
    let mine = sent(ask(&fresh(), 0));
    let open = use_up(&mine, 1);
    assert_eq!(
        ask(&other(&Records { open: open.clone(), ..mine.clone() }, 9), 2),
        Err(NotSent::TooMany(Duration::from_secs(58)))
    );
    let mine = Records { open, ..mine };
    let mine = (1..5).fold(mine, |mine, n| wrong(&mine, n, 3));
    assert!(matches!(right(&mine, 4), Tried::Right(_)));
}

// D1
#[test]
fn a_challenge_has_five_tries_across_its_messages() {
    let mine = (1..6).fold(sent(ask(&fresh(), 0)), |mine, n| wrong(&mine, n, 1));
    assert_eq!(right(&mine, 2), Tried::Refused);
    assert_eq!(ask(&mine, 120), Err(NotSent::Over));
}

// K5
#[test]
fn a_code_that_strangers_used_up_makes_the_next_message_cost_a_puzzle() {
    let theirs = sent(ask(&fresh(), 0));
    let open = use_up(&theirs, 1);
    let mine = sending(ask(&other(&Records { open, ..theirs }, 9), 60));
    assert_eq!(mine.lane, LaneKind::Open(Some(0)));
    let code = mine.records.open.code.clone().unwrap();
    assert_eq!((code.nonce, code.asker), (nonce(60), id(9)), "a code of its own");
    let after = sending(ask(&other(&mine.records, 10), 120));
    assert_eq!(after.lane, LaneKind::Open(None), "it is not used up");
    let again =
        sending(ask(&other(&Records { open: use_up(&after.records, 121), ..after.records }, 11), 180));
    assert_eq!(again.lane, LaneKind::Open(Some(1)), "twice the work");
}

// K5
#[test]
fn a_known_device_has_messages_and_a_code_of_its_own() {
    let mut theirs = fresh();
    for n in 0..10 {
        theirs = sent(ask(&other(&theirs, n), u64::from(n) * 60));
    }
    let open = use_up(&theirs, 541);
    let theirs = Records { open, ..theirs };
    let mine = sending(ask(&owner(&theirs, 20), 542));
    assert_eq!(mine.lane, LaneKind::Device);
    assert_eq!(mine.records.open, theirs.open, "the strangers' lane is as it was");
    let code = mine.records.device.as_ref().unwrap().lane.code.clone().unwrap();
    let Tried::Right(done) = mine.records.try_code(|tried| *tried == code.nonce, used(0, 543), at(543))
    else {
        panic!("refused")
    };
    assert_eq!((done.device.unwrap().lane.code, done.open), (None, theirs.open));
}

// K5
#[test]
fn a_known_device_gets_two_messages_a_day_and_then_shares_the_open_lane() {
    let first = sent(ask(&owner(&fresh(), 1), 0));
    let second = sent(ask(&owner(&first, 2), 60));
    let third = sending(ask(&owner(&second, 3), 120));
    assert_eq!((third.lane, third.records.open.sent), (LaneKind::Open(None), 1));
    assert_eq!(sending(ask(&owner(&second, 4), 86_400)).lane, LaneKind::Device);
}

// K5
#[test]
fn a_known_devices_challenge_takes_the_code_of_either_lane_and_a_strangers_does_not() {
    let theirs = sent(ask(&fresh(), 0));
    let mine = sent(ask(&owner(&theirs, 1), 10));
    let open_code = theirs.open.code.clone().unwrap().nonce;
    let Tried::Right(done) = mine.try_code(|tried| *tried == open_code, used(0, 11), at(11)) else {
        panic!("refused")
    };
    assert_eq!(done.open.code, None);
    assert!(done.device.unwrap().lane.code.is_some());
    let my_code = mine.device.clone().unwrap().lane.code.unwrap().nonce;
    let theirs = Records { open: mine.open.clone(), ..theirs };
    assert!(matches!(theirs.try_code(|tried| *tried == my_code, used(0, 11), at(11)), Tried::Wrong(_)));
    let wrong = wrong(&mine, 1, 12);
    assert_eq!(wrong.open.code.unwrap().tries, 1, "a guess at both codes counts for both");
}

// B12: the answer to a wrong try is lost, and the caller repeats it.
#[test]
fn a_repeated_wrong_try_is_counted_once() {
    let mine = wrong(&sent(ask(&fresh(), 0)), 1, 1);
    assert_eq!(guess(&mine, 1, 2), Tried::Refused);
    let mine = wrong(&mine, 2, 3);
    assert_eq!(guess(&mine, 1, 4), Tried::Refused, "each is remembered");
    let open = use_up(&mine, 5);
    let next = sent(ask(&other(&Records { open, ..mine.clone() }, 9), 60));
    let mine = Records { open: next.open, ..mine };
    assert_eq!(wrong(&mine, 2, 61).challenge.tries, 3, "it is a guess at another code");
}

// K11
#[test]
fn a_right_code_works_once_and_answers_again_for_half_a_minute() {
    let records = sent(ask(&fresh(), 0));
    assert_eq!(right(&records, 360), Tried::Refused, "too old");
    let Tried::Right(done) = right(&records, 299) else { panic!("refused") };
    assert_eq!(right(&done, 329), Tried::Again(used(0, 299)));
    assert_eq!(right(&done, 330), Tried::Refused);
    assert_eq!(guess(&done, 1, 300), Tried::Refused, "another code");
    assert_eq!(right(&other(&done, 1), 300), Tried::Refused, "another caller");
    assert_eq!(ask(&done, 400), Err(NotSent::Over));
}

// K24
#[test]
fn a_right_code_answers_again_only_for_what_it_was_first_used_for() {
    let records = sent(ask(&fresh(), 0));
    let by = |purpose, sign_in| Used { purpose, sign_in: SignInId::parse(sign_in).unwrap(), ..used(0, 1) };
    let try_as = |records: &Records, used| records.try_code(|_| true, used, at(1));
    let (sign_in, deletion) = (by(Purpose::SignIn, "aaaa"), by(Purpose::Deletion, "aaaa"));
    let first = |used| match try_as(&records, used) {
        Tried::Right(done) => done,
        other => panic!("refused: {other:?}"),
    };
    let signed_in = first(sign_in.clone());
    assert_eq!(try_as(&signed_in, by(Purpose::SignIn, "bbbb")), Tried::Again(sign_in.clone()));
    assert_eq!(try_as(&signed_in, deletion.clone()), Tried::Refused);
    let deleted = first(deletion.clone());
    assert_eq!(try_as(&deleted, deletion.clone()), Tried::Again(deletion));
    assert_eq!(try_as(&deleted, by(Purpose::Deletion, "bbbb")), Tried::Refused, "another phone");
    assert_eq!(try_as(&deleted, sign_in), Tried::Refused);
}

// H5: no answer tells a stranger that a person has just signed in.
#[test]
fn after_a_sign_in_the_next_caller_gets_a_message_at_once() {
    let Tried::Right(done) = right(&sent(ask(&fresh(), 0)), 5) else { panic!("refused") };
    assert_eq!(sending(ask(&other(&done, 1), 6)).lane, LaneKind::Open(None));
}

#[test]
fn a_message_that_could_not_be_handed_over_may_be_asked_for_again_at_once() {
    for records in [fresh(), owner(&fresh(), 1)] {
        let first = sending(ask(&records, 0));
        let again = sending(ask(&first.not_sent(), 1));
        assert_eq!((again.lane, again.records.challenge.messages), (first.lane, 1));
        let sent =
            |records: &Records| records.open.sent + records.device.as_ref().map_or(0, |it| it.lane.sent);
        assert_eq!(sent(&again.records), 1);
    }
}

// DynamoDB deletes an item whose TTL is over, and keeps one whose TTL lies more than five years back.
#[test]
fn records_are_kept_as_long_as_they_mean_something_and_no_longer() {
    let first = sending(ask(&fresh(), 0));
    let late = sent(ask(&other(&first.records, 1), 86_399));
    let code = late.open.code.clone().unwrap();
    assert_eq!(late.open.day_began_at, at(0));
    assert!(late.open.forget_at() >= code.expires_at, "the code is good until then");
    let refused = first.not_sent().challenge.forget_at();
    assert!(refused > at(0) && refused < first.records.challenge.forget_at(), "{refused:?}");
}

#[test]
fn a_challenge_is_of_one_number() {
    let other = PhoneNumber::parse("+8613900139000").unwrap();
    let asked = sent(ask(&fresh(), 0)).ask(&other, true, nonce(1), at(1), &limits());
    assert_eq!(asked, Err(NotSent::Over));
}

#[test]
fn an_id_has_128_bits() {
    let id = ChallengeId::random(&Counting::default());
    assert_eq!(ChallengeId::parse(id.as_str()), Some(id));
    for bad in ["", "short", &"a".repeat(21), &"a".repeat(23), &"!".repeat(22), &"é".repeat(11)] {
        assert_eq!(ChallengeId::parse(bad), None, "{bad}");
    }
}
