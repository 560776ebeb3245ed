//! The screens that watch a session.

use std::sync::Arc;

use saoma_domain::{
    ports::{Checks, Randomness, StoreError, Watchers, WriteId},
    secrets::SessionCode,
    watching::{ConnectionId, MOST_WATCHERS, WatchRef, Watcher},
};
use tokio::task::JoinSet;

use super::fixtures::{at, person};

/// A screen that no other test uses.
fn screen(random: &dyn Randomness) -> Watcher {
    Watcher { connection: ConnectionId::parse(WriteId::random(random).as_str()).unwrap(), since: at(1) }
}

/// Of a session's watchers the newest three stay, each once, and a phone's step reads them with the session
/// (`docs/security.md` W11). One that is forgotten comes back only when it watches again.
pub async fn the_newest_three_watch(
    watchers: Arc<dyn Watchers>,
    checks: &dyn Checks,
    random: &dyn Randomness,
) {
    let [code, other] = [(); 2].map(|()| SessionCode::random(random));
    let (session, end) = (WatchRef::of(&code), at(300));
    let phone = person(random);
    let read = async |code: &SessionCode| {
        let read = checks.phone_and_session(&phone, code).await.unwrap().watchers;
        assert_eq!(watchers.watching(&WatchRef::of(code)).await.unwrap(), read, "read by themselves");
        read
    };
    let watch = async |one: &Watcher| watchers.watch(&session, one, end).await.unwrap();
    assert_eq!(read(&code).await, []);

    let [a, b, c, d] = [(); 4].map(|()| screen(random));
    watch(&a).await;
    watch(&a).await;
    assert_eq!(read(&code).await, vec![a.clone()], "its answer was lost");
    for one in [&b, &c, &b] {
        watch(one).await;
    }
    assert_eq!(read(&code).await, [c.clone(), b.clone(), a.clone()]);
    watch(&d).await;
    assert_eq!(read(&code).await, [d.clone(), c.clone(), b.clone()], "a fourth takes the oldest's place");
    watchers.watch(&WatchRef::of(&other), &a, end).await.unwrap();
    assert_eq!(read(&other).await, vec![a.clone()], "each session by itself");

    let forget = async |one: &Watcher| -> Result<(), StoreError> { watchers.forget(&session, one).await };
    forget(&a).await.unwrap();
    assert_eq!(read(&code).await.len(), MOST_WATCHERS, "it does not watch");
    for _ in 0..2 {
        forget(&c).await.unwrap();
        assert_eq!(read(&code).await, [d.clone(), b.clone()]);
    }
    watch(&a).await;
    assert_eq!(read(&code).await, [a.clone(), d.clone(), b.clone()], "there is room again");
    for one in [&b, &a, &d] {
        forget(one).await.unwrap();
    }
    assert_eq!(read(&code).await, []);
    watch(&c).await;
    assert_eq!(read(&code).await, [c]);
    let never = WatchRef::of(&SessionCode::random(random));
    watchers.forget(&never, &a).await.unwrap();

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let (watchers, session, one) = (Arc::clone(&watchers), session.clone(), screen(random));
        running.spawn(async move { watchers.watch(&session, &one, at(300)).await.unwrap() });
    }
    running.join_all().await;
    assert_eq!(read(&code).await.len(), MOST_WATCHERS, "many at once");
}
