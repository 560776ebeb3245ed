//! The key sets that instances fetched.

use std::{sync::Arc, time::Duration};

use saoma_domain::{
    issuer::KeySetUrl,
    ports::{KeptKeySet, KeySets, Randomness, WriteId},
    secrets::SessionCode,
};
use tokio::task::JoinSet;

use super::{fixtures::at, steps::write};

/// Key sets: of many instances at once, one fetches a set; what it fetched is there for all, and the newest stays.
pub async fn one_instance_fetches_a_key_set(store: Arc<dyn KeySets>, random: &dyn Randomness) {
    let address = |name: &str| KeySetUrl::parse(&format!("https://id.example/{name}?v=1")).unwrap();
    let [set, other] = [(); 2].map(|()| address(SessionCode::random(random).as_str()));
    let kept = async || store.kept(&set).await.unwrap();
    assert_eq!(kept().await, None);
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (store, set, write) = (Arc::clone(&store), set.clone(), WriteId::random(random));
        running.spawn(async move { (store.take_turn(&set, at(30), at(0), &write).await.unwrap(), write) });
    }
    let (ours, theirs): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|(taken, _)| *taken);
    assert_eq!((ours.len(), theirs.len()), (1, 7));
    let [(_, first)] = ours.as_slice() else { panic!("{ours:?}") };
    assert!(store.take_turn(&set, at(30), at(1), first).await.unwrap(), "its answer was lost");
    assert_eq!(kept().await, Some(KeptKeySet { fetched: None, next_at: at(30) }));
    assert!(!store.take_turn(&set, at(59), at(29), &write()).await.unwrap());
    assert!(store.take_turn(&other, at(30), at(0), &write()).await.unwrap(), "each set by itself");

    let forget_at = at(0).plus(Duration::from_hours(6));
    for _ in 0..2 {
        store.keep(&set, ("first", at(2)), at(2), forget_at).await.unwrap();
        let fetched = Some(("first".to_owned(), at(2)));
        assert_eq!(kept().await, Some(KeptKeySet { fetched, next_at: at(2) }), "its answer was lost");
    }
    assert!(store.take_turn(&set, at(40), at(10), &write()).await.unwrap(), "the turn was given back");
    let fetched = Some(("first".to_owned(), at(2)));
    assert_eq!(kept().await, Some(KeptKeySet { fetched, next_at: at(40) }), "the set is still there");
    store.keep(&set, ("second", at(11)), at(40), forget_at).await.unwrap();
    store.keep(&set, ("late", at(5)), at(5), forget_at).await.unwrap();
    let fetched = Some(("second".to_owned(), at(11)));
    assert_eq!(kept().await, Some(KeptKeySet { fetched, next_at: at(40) }), "the newest stays");
}
