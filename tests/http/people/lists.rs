//! What is listed, whole and page by page.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use saoma_domain::{
    history::Entry,
    identity::SignInId,
    ports::{Clock, HistoryWriter, KeyedHash},
    refresh::Family,
    session::Seen,
    sign_in::{Holder, Method, SignIn},
};

use super::*;

/// Another sign-in of this person, as stored.
pub(super) fn sign_in(world: &World, person: &Person, n: u64) -> SignIn {
    let at = world.clock.now().minus(std::time::Duration::from_secs(n));
    SignIn {
        id: SignInId::random(&*world.random),
        account: person.account,
        holder: Holder::Phone,
        client: saoma_domain::identity::ClientId::phone(),
        method: Method::Sms,
        seen: Seen::default(),
        version: 1,
        family: Family::begin(at, world.service.keys.current_key()),
        ended: false,
        proved_at: at,
        created_at: at,
        expires_at: at.plus(std::time::Duration::from_hours(24)),
    }
}

// K18 I8
#[tokio::test]
async fn a_person_sees_what_is_theirs() {
    let world = World::default();
    world.register_client("my-shop", shop);
    let region = Region::registered(&world, "region-1");
    let person = world.sign_in(NUMBER).await;
    kiosk_login(&world, &person).await;
    confirmed_web(&world, &person, "my-shop").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    for list in ["me", "sign-ins", "logins", "machines", "pairs", "history"] {
        assert_snapshot!(list, world.call(get(&person, list)).await.whole());
    }
    assert_snapshot!("export", world.call(get(&person, "export")).await.whole());
    let nobody = world.sign_in(OTHER).await;
    for list in ["logins", "machines", "pairs"] {
        assert!(rows(&world, &nobody, list).await.is_empty(), "{list}");
    }
    assert_eq!(rows(&world, &nobody, "history").await.len(), 1, "their own sign-in");
}

// W8: thousands of rows.
#[tokio::test]
async fn a_long_history_comes_in_bounded_pages() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    for n in 1..2000 {
        world.memory.write(person.account, &Entry::of_sign_in(&sign_in(&world, &person, n))).await.unwrap();
    }
    let (mut ids, mut times, mut path) = (BTreeSet::new(), Vec::new(), "history".to_owned());
    loop {
        let page = world.call(get(&person, &path)).await.json();
        let rows = page["rows"].as_array().unwrap();
        assert!(rows.len() <= 50);
        ids.extend(rows.iter().map(|row| row["id"].to_string()));
        times.extend(rows.iter().map(|row| row["at"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => path = format!("history?after={next}"),
            None => break,
        }
    }
    assert_eq!((ids.len(), times.len()), (2000, 2000));
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first");
    for after in ["x", "%2e%2e", "AA==", &"A".repeat(5000)] {
        world.call(get(&person, &format!("history?after={after}"))).await.problem(400, "malformed_page");
    }
    let exported = world.call(get(&person, "export")).await;
    assert_eq!(exported.json()["history"].as_array().unwrap().len(), 2000);
    assert!(exported.body.len() < 1_000_000, "{}", exported.body.len());
}

// W15: a place of another account's list is no way into it.
#[tokio::test]
async fn a_place_in_anothers_list_shows_nothing_of_it() {
    let world = World::default();
    let (me, you) = (world.sign_in(NUMBER).await, world.sign_in(OTHER).await);
    for n in 1..200 {
        world.memory.write(you.account, &Entry::of_sign_in(&sign_in(&world, &you, n))).await.unwrap();
    }
    let next = world.call(get(&you, "history")).await.text("next");
    assert!(rows(&world, &me, &format!("history?after={next}")).await.is_empty());
}
