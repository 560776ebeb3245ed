//! The prompts people were sent, and whether a phone is there to see one.

use std::sync::Arc;

use saoma_domain::{
    identity::{AccountId, Phone, SignInId},
    pairing::PROMPTS_IN_WINDOW,
    ports::{Prompts, Randomness},
    secrets::SessionCode,
    time::Timestamp,
};
use tokio::task::JoinSet;

use super::fixtures::{at, person};

/// Prompts: at most three in ten minutes. Parallel ones are counted one by one (H1).
pub async fn three_prompts_in_ten_minutes(prompts: Arc<dyn Prompts>, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let long_ago = Timestamp::from_secs(0);
    assert_eq!(prompts.recent(account, long_ago).await.unwrap(), Vec::new());
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (prompts, code) = (Arc::clone(&prompts), SessionCode::random(random));
        running.spawn(async move { (prompts.note(account, &code, at(0)).await.unwrap(), code) });
    }
    let noted: Vec<_> = running.join_all().await.into_iter().filter(|(noted, _)| *noted).collect();
    assert_eq!(noted.len(), PROMPTS_IN_WINDOW);
    let recent = prompts.recent(account, long_ago).await.unwrap();
    assert_eq!(recent.len(), PROMPTS_IN_WINDOW);
    assert!(noted.iter().all(|(_, code)| recent.contains(code)));

    let (late, later) = (SessionCode::random(random), SessionCode::random(random));
    assert!(!prompts.note(account, &late, at(599)).await.unwrap(), "one second too early");
    assert!(prompts.note(account, &later, at(600)).await.unwrap());
    let recent = prompts.recent(account, long_ago).await.unwrap();
    assert_eq!((recent.first(), recent.len()), (Some(&later), PROMPTS_IN_WINDOW), "newest first");
    assert_eq!(prompts.recent(account, at(0)).await.unwrap(), [later], "what came after");
    assert_eq!(prompts.recent(account, at(600)).await.unwrap(), [], "nothing came after");
    assert!(
        prompts.note(AccountId::random(random), &late, at(1)).await.unwrap(),
        "each person by themselves"
    );
    a_note_whose_answer_was_lost_counts_once(&*prompts, random).await;
}

/// A note that comes again finds itself, also when others were noted since (`docs/security.md` K12).
async fn a_note_whose_answer_was_lost_counts_once(prompts: &dyn Prompts, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let [first, second, third, fourth] = [(); 4].map(|()| SessionCode::random(random));
    assert!(prompts.note(account, &first, at(0)).await.unwrap());
    assert!(prompts.note(account, &second, at(1)).await.unwrap());
    assert!(prompts.note(account, &first, at(0)).await.unwrap(), "it is noted");
    assert!(prompts.note(account, &third, at(2)).await.unwrap(), "the first counted once");
    assert!(prompts.note(account, &first, at(0)).await.unwrap(), "it is noted still");
    assert!(!prompts.note(account, &fourth, at(3)).await.unwrap());
    let recent = prompts.recent(account, Timestamp::from_secs(0)).await.unwrap();
    assert_eq!(recent, [third, second, first]);
}

/// Presence: each phone has its own mark, and the last one counts.
pub async fn phones_are_present_one_by_one(prompts: &dyn Prompts, random: &dyn Randomness) {
    let (one, stranger) = (person(random), person(random));
    let other = Phone { sign_in: SignInId::random(random), ..one.clone() };
    let present = async |since| {
        let mut phones = prompts.present(one.account, at(since)).await.unwrap();
        phones.sort_by_key(|phone| *phone != one.sign_in);
        phones
    };
    assert_eq!(present(0).await, []);
    for (phone, secs) in [(&one, 5), (&other, 6), (&stranger, 7), (&one, 9)] {
        prompts.mark_present(phone, at(secs)).await.unwrap();
    }
    assert_eq!(present(6).await, [one.sign_in.clone(), other.sign_in.clone()]);
    assert_eq!(present(7).await, std::slice::from_ref(&one.sign_in));
    assert_eq!(present(10).await, []);
}
