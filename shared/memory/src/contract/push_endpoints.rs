//! The phones that can be pushed to.

use std::{sync::Arc, time::Duration};

use saoma_domain::{
    history::{Entry, What},
    identity::Phone,
    ports::{EndpointKept, HistoryWriter, PushEndpoints, Randomness},
    push::{PushEndpoint, PushPlatform, PushToken, PushTokenId},
    session::TraceId,
};
use tokio::{task::JoinSet, time::sleep};

use super::fixtures::{at, person};

fn endpoint(token: &PushTokenId, owner: &Phone) -> PushEndpoint {
    PushEndpoint {
        token: token.clone(),
        platform: PushPlatform::Fcm,
        address: format!("address of {}", token.as_str()),
        owner: owner.clone(),
        registered_at: at(0),
    }
}

const STORED: EndpointKept = EndpointKept::Stored { taken_from: None };

fn takes_from(kept: &EndpointKept, before: &Phone) -> bool {
    matches!(kept, EndpointKept::Stored { taken_from: Some((account, _)) } if *account == before.account)
}

fn random_token(random: &dyn Randomness) -> PushTokenId {
    PushToken::parse(TraceId::random(random).as_str()).unwrap().id(PushPlatform::Fcm)
}

/// Push endpoints: a token belongs to one account at a time, and no account has too many.
pub async fn a_push_token_has_one_owner(endpoints: Arc<dyn PushEndpoints>, random: &dyn Randomness) {
    let (me, you, token) = (person(random), person(random), random_token(random));
    assert_eq!(endpoints.keep(&endpoint(&token, &me)).await.unwrap(), STORED);
    assert_eq!(endpoints.keep(&endpoint(&token, &me)).await.unwrap(), STORED, "again is the same");
    assert_eq!(endpoints.endpoints(me.account).await.unwrap(), [endpoint(&token, &me)]);
    assert!(takes_from(&endpoints.keep(&endpoint(&token, &you)).await.unwrap(), &me));
    assert_eq!(endpoints.endpoints(me.account).await.unwrap(), []);
    assert_eq!(endpoints.endpoints(you.account).await.unwrap(), [endpoint(&token, &you)]);
    assert!(!endpoints.forget(&endpoint(&token, &me)).await.unwrap(), "it is not mine any more");
    let again = Phone { account: you.account, ..person(random) };
    assert_eq!(endpoints.keep(&endpoint(&token, &again)).await.unwrap(), STORED, "the same account");
    assert!(!endpoints.forget(&endpoint(&token, &you)).await.unwrap(), "a later sign-in has it");
    assert_eq!(endpoints.endpoints(you.account).await.unwrap(), [endpoint(&token, &again)]);
    assert!(endpoints.forget(&endpoint(&token, &again)).await.unwrap());
    assert!(!endpoints.forget(&endpoint(&token, &again)).await.unwrap());
    assert_eq!(endpoints.endpoints(you.account).await.unwrap(), []);

    let people: Vec<Phone> = (0..6).map(|_| person(random)).collect();
    let mut running = JoinSet::new();
    for someone in people.clone() {
        let (endpoints, wanted) = (Arc::clone(&endpoints), endpoint(&token, &someone));
        running.spawn(async move { endpoints.keep(&wanted).await });
    }
    // With so many callers at once a store may give up. It must not give one token to two accounts.
    let _ = running.join_all().await;
    let mut owners = 0;
    for someone in &people {
        owners += endpoints.endpoints(someone.account).await.unwrap().len();
    }
    assert_eq!(owners, 1, "one token, one account");

    let many: Vec<PushTokenId> = (0..PushEndpoint::MOST).map(|_| random_token(random)).collect();
    for token in &many {
        assert_eq!(endpoints.keep(&endpoint(token, &me)).await.unwrap(), STORED);
    }
    let one_more = endpoint(&random_token(random), &me);
    assert_eq!(endpoints.keep(&one_more).await.unwrap(), EndpointKept::TooMany, "one too many");
    let kept = many.last().unwrap();
    assert_eq!(
        endpoints.keep(&endpoint(kept, &me)).await.unwrap(),
        STORED,
        "a stored one can be stored again"
    );
    assert_eq!(endpoints.endpoints(me.account).await.unwrap().len(), PushEndpoint::MOST);
}

/// Push endpoints: an account that gives up a token while another account takes it removes only its own endpoint.
pub async fn letting_go_takes_nothing_from_the_next_owner(
    endpoints: Arc<dyn PushEndpoints>,
    random: &dyn Randomness,
) {
    for round in 0..40 {
        // Each round waits a little longer, so that in some round one call falls between the steps of the other.
        let later = Duration::from_millis(round % 8);
        let forget = async |read: &PushEndpoint| {
            sleep(later).await;
            endpoints.forget(read).await
        };
        let (before, after, last) = (person(random), person(random), person(random));
        let token = random_token(random);
        let first = endpoint(&token, &before);
        assert_eq!(endpoints.keep(&first).await.unwrap(), STORED);
        let next = endpoint(&token, &after);
        let (kept, _) = tokio::join!(endpoints.keep(&next), forget(&first));
        assert_ne!(kept.unwrap(), EndpointKept::TooMany);
        assert_eq!(endpoints.endpoints(before.account).await.unwrap(), []);
        assert_eq!(endpoints.endpoints(after.account).await.unwrap(), [next]);
        // A store can take the token from its owner only if it still knows the owner.
        assert!(takes_from(&endpoints.keep(&endpoint(&token, &last)).await.unwrap(), &after));
        assert_eq!(endpoints.endpoints(after.account).await.unwrap(), [], "one token, one account");
    }
}

/// Push endpoints: an account from which a token is taken reads so in its history, in the same step
/// (`docs/security.md` H8).
pub async fn the_loser_of_a_push_token_is_told(
    store: &(impl PushEndpoints + HistoryWriter),
    random: &dyn Randomness,
) {
    let (me, you, token) = (person(random), person(random), random_token(random));
    assert_eq!(store.keep(&endpoint(&token, &me)).await.unwrap(), STORED);
    let kept = store.keep(&endpoint(&token, &you)).await.unwrap();
    let EndpointKept::Stored { taken_from: Some((loser, id)) } = kept else { panic!("{kept:?}") };
    assert_eq!(loser, me.account);
    let told = store.entry(me.account, &id).await.unwrap();
    assert_eq!(told, Some(Entry { id: id.clone(), what: What::PushTaken { platform: PushPlatform::Fcm } }));
    assert_eq!(store.entry(you.account, &id).await.unwrap(), None);
}
