//! What messages cost: counts, puzzles, and the switch.

use std::sync::Arc;

use saoma_domain::{
    ports::{Challenges, Randomness, Recorded, Switches, Tries},
    sms_budget::{Charge, CountKey},
    sms_challenge::{Challenge, ChallengeId, Lane, Records},
    sms_puzzle::PuzzleId,
};
use tokio::task::JoinSet;

use super::{
    challenges::first_message,
    fixtures::{at, random_number},
    steps::write,
};

fn count(key: &CountKey, by: u32, limit: u32) -> Charge {
    Charge::Count { key: key.clone(), by, limit, until: at(86_400) }
}

/// A number that nothing was sent to, and its first message.
async fn message(challenges: &dyn Challenges, random: &dyn Randomness) -> (Records, Records) {
    let (id, number) = (ChallengeId::random(random), random_number(random));
    let before = challenges.records_of(&id, &number, None).await.unwrap();
    let next = first_message(&before, random);
    (before, next)
}

async fn counted(challenges: &dyn Challenges, key: &CountKey) -> u32 {
    challenges.counted(std::slice::from_ref(key)).await.unwrap().first().copied().unwrap()
}

/// A message is paid for once, together with its records, and up to the limit (`docs/security.md` K6, K12).
pub async fn a_message_is_paid_for_once_and_to_the_limit(
    challenges: Arc<dyn Challenges>,
    random: &dyn Randomness,
) {
    let key = CountKey(format!("service#{}", ChallengeId::random(random).as_str()));
    let other = CountKey(format!("network#{}", ChallengeId::random(random).as_str()));
    assert_eq!(challenges.counted(&[]).await.unwrap(), Vec::<u32>::new());
    let (before, next) = message(&*challenges, random).await;
    let (charges, sending) = ([count(&other, 1, 9), count(&key, 1, 3)], write());
    for _ in 0..2 {
        let stored = challenges.replace(&before, &next, &charges, &sending).await.unwrap();
        assert_eq!(stored, Recorded::Stored, "its answer may have been lost");
    }
    let raced = challenges.replace(&before, &next, &charges, &write()).await.unwrap();
    assert_eq!(raced, Recorded::Behind, "a lost race costs nothing");
    let unknown = CountKey("nothing#".to_owned());
    let keys = [other.clone(), unknown, key.clone()];
    assert_eq!(challenges.counted(&keys).await.unwrap(), [1, 0, 1]);

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (before, next) = message(&*challenges, random).await;
        let (challenges, charges) = (Arc::clone(&challenges), [count(&key, 1, 3)]);
        running.spawn(async move {
            // Two transactions on one count may be in each other's way. Only that is tried again.
            loop {
                match challenges.replace(&before, &next, &charges, &write()).await.unwrap() {
                    Recorded::Behind => tokio::task::yield_now().await,
                    done => return (done, before.challenge.id),
                }
            }
        });
    }
    let outcomes = running.join_all().await;
    let stored = outcomes.iter().filter(|(done, _)| *done == Recorded::Stored).count();
    assert_eq!((stored, counted(&*challenges, &key).await), (2, 3), "one was there");
    for (done, id) in outcomes {
        let kept = challenges.records(&id).await.unwrap().is_some();
        assert_eq!(kept, done == Recorded::Stored, "all or nothing");
        assert!(matches!(done, Recorded::Stored | Recorded::Full));
    }

    let (before, next) = message(&*challenges, random).await;
    let asking = |limit| [count(&key, 0, limit)];
    assert_eq!(challenges.replace(&before, &next, &asking(3), &write()).await.unwrap(), Recorded::Full);
    assert_eq!(challenges.replace(&before, &next, &asking(4), &write()).await.unwrap(), Recorded::Stored);
    assert_eq!(counted(&*challenges, &key).await, 3, "asking counts nothing");
}

/// What a message cost is given back once, and only if nothing else has happened since.
pub async fn a_message_that_was_not_sent_costs_nothing(challenges: &dyn Challenges, random: &dyn Randomness) {
    let key = CountKey(format!("service#{}", ChallengeId::random(random).as_str()));
    let puzzle = puzzle(random);
    let charges = [count(&key, 1, 9), Charge::Puzzle(puzzle.clone())];
    let (before, sent) = message(challenges, random).await;
    challenges.replace(&before, &sent, &charges, &write()).await.unwrap();
    let not_sent = Records {
        challenge: Challenge { version: 2, messages: 0, ..sent.challenge.clone() },
        open: Lane { version: 2, sent: 0, ..sent.open.clone() },
        device: None,
    };
    let taking_back = write();
    for _ in 0..2 {
        let stored = challenges.take_back(&sent, &not_sent, &charges, &taking_back).await.unwrap();
        assert_eq!(stored, Recorded::Stored, "its answer may have been lost");
    }
    let late = challenges.take_back(&sent, &not_sent, &charges, &write()).await.unwrap();
    assert_eq!((late, counted(challenges, &key).await), (Recorded::Behind, 0));
    let (before, next) = message(challenges, random).await;
    let again = challenges.replace(&before, &next, &[Charge::Puzzle(puzzle)], &write()).await.unwrap();
    assert_eq!(again, Recorded::Stored, "the puzzle was given back, too");
}

fn puzzle(random: &dyn Randomness) -> PuzzleId {
    PuzzleId { name: ChallengeId::random(random).as_str().to_owned(), expires_at: at(600) }
}

/// Of all who bring a solved puzzle, one has it taken (`docs/security.md` K6).
pub async fn a_puzzle_is_taken_once(challenges: Arc<dyn Challenges>, random: &dyn Randomness) {
    let puzzle = puzzle(random);
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (before, next) = message(&*challenges, random).await;
        let (challenges, charges) = (Arc::clone(&challenges), [Charge::Puzzle(puzzle.clone())]);
        running.spawn(async move {
            loop {
                match challenges.replace(&before, &next, &charges, &write()).await.unwrap() {
                    Recorded::Behind => tokio::task::yield_now().await,
                    done => return done,
                }
            }
        });
    }
    let outcomes = running.join_all().await;
    assert_eq!(outcomes.iter().filter(|done| **done == Recorded::Stored).count(), 1);
    assert_eq!(outcomes.iter().filter(|done| **done == Recorded::PuzzleTaken).count(), 7);
}

/// Tries are counted all or nothing, one by one, and up to the limit (`docs/security.md` D1).
pub async fn tries_are_counted_to_the_limit<S: Tries + 'static>(store: Arc<S>, random: &dyn Randomness) {
    let key = |name: &str| CountKey(format!("{name}#{}", ChallengeId::random(random).as_str()));
    let (own, near) = (key("typed_by_account"), key("typed_from_network"));
    let charges = [count(&own, 1, 3), count(&near, 1, 5)];
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (store, charges) = (Arc::clone(&store), charges.clone());
        running.spawn(async move { store.take(&charges).await.unwrap() });
    }
    let taken = running.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 3, "tries at the same moment are counted one by one");
    let others = [count(&key("typed_by_account"), 1, 3), count(&near, 1, 5)];
    assert!(store.take(&others).await.unwrap(), "what was refused was not counted anywhere");
    store.give_back(&charges).await.unwrap();
    assert!(store.take(&charges).await.unwrap());
    assert!(!store.take(&charges).await.unwrap());
}

/// Text messages go out until an operator says otherwise. It leaves the switch on.
pub async fn messages_go_out_until_they_are_switched_off(switches: &dyn Switches) {
    assert!(switches.sms_is_on().await.unwrap());
    for on in [false, false, true, true] {
        switches.switch_sms(on).await.unwrap();
        assert_eq!(switches.sms_is_on().await.unwrap(), on);
    }
}
