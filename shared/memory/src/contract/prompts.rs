//! The prompts people were sent, and whether a phone is there to see one.

use std::sync::Arc;

use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    ports::{Prompts, Randomness},
    prompt_log::{NotedPrompt, PROMPTS_OF_A_CLIENT, PROMPTS_TO_A_PERSON},
    secrets::SessionCode,
    time::Timestamp,
};
use tokio::task::JoinSet;

use super::fixtures::{at, person};

/// Prompts: at most three in ten minutes of one client, and six of all. Parallel ones are counted one by one (H1,
/// K14).
pub async fn prompts_are_counted_by_client_and_person(prompts: Arc<dyn Prompts>, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let long_ago = Timestamp::from_secs(0);
    assert_eq!(prompts.recent(account, long_ago).await.unwrap(), Vec::new());
    let noted = note_at_once(&prompts, account, "one", random).await;
    assert_eq!(noted.len(), PROMPTS_OF_A_CLIENT);
    let recent = prompts.recent(account, long_ago).await.unwrap();
    assert_eq!(recent.len(), PROMPTS_OF_A_CLIENT);
    assert!(noted.iter().all(|code| recent.contains(code)));

    let note = async |account, client, secs| {
        let prompt = prompt(client, secs, random);
        prompts.note(account, &prompt).await.unwrap().then_some(prompt.code)
    };
    assert_eq!(note(account, "one", 599).await, None, "one second too early");
    // The others have as many as the person has left, whatever the first client did.
    assert_eq!(note_at_once(&prompts, account, "two", random).await.len(), PROMPTS_OF_A_CLIENT);
    assert_eq!(note(account, "three", 599).await, None, "six of all");
    let later = note(account, "one", 600).await.unwrap();
    let recent = prompts.recent(account, long_ago).await.unwrap();
    assert_eq!((recent.first(), recent.len()), (Some(&later), PROMPTS_TO_A_PERSON), "newest first");
    assert_eq!(prompts.recent(account, at(0)).await.unwrap(), [later], "what came after");
    assert_eq!(prompts.recent(account, at(600)).await.unwrap(), [], "nothing came after");
    assert!(note(AccountId::random(random), "one", 1).await.is_some(), "each person by themselves");
    a_note_whose_answer_was_lost_counts_once(&*prompts, random).await;
}

/// Notes eight prompts of one client at the same moment. Returns those that were noted.
async fn note_at_once(
    prompts: &Arc<dyn Prompts>,
    account: AccountId,
    client: &str,
    random: &dyn Randomness,
) -> Vec<SessionCode> {
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (prompts, prompt) = (Arc::clone(prompts), prompt(client, 0, random));
        running.spawn(async move { prompts.note(account, &prompt).await.unwrap().then_some(prompt.code) });
    }
    running.join_all().await.into_iter().flatten().collect()
}

fn prompt(client: &str, secs: u64, random: &dyn Randomness) -> NotedPrompt {
    NotedPrompt { at: at(secs), client: ClientId::parse(client).unwrap(), code: SessionCode::random(random) }
}

/// A note that comes again finds itself, also when others were noted since (`docs/security.md` K12).
async fn a_note_whose_answer_was_lost_counts_once(prompts: &dyn Prompts, random: &dyn Randomness) {
    let account = AccountId::random(random);
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|secs| prompt("one", secs, random));
    let note = async |prompt| prompts.note(account, prompt).await.unwrap();
    assert!(note(&first).await && note(&second).await);
    assert!(note(&first).await, "it is noted");
    assert!(note(&third).await, "the first counted once");
    assert!(note(&first).await, "it is noted still");
    assert!(!note(&fourth).await);
    let recent = prompts.recent(account, Timestamp::from_secs(0)).await.unwrap();
    assert_eq!(recent, [third.code, second.code, first.code]);
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
