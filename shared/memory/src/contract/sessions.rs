//! Sessions, one step at a time.

use saoma_domain::{
    oauth::{KeyThumbprint, RequestHash, Scopes, Words},
    ports::{Committed, Created, Freshness, Randomness, Sessions},
    rotation::Sighting,
    session::{Command, Flow, PageState, RedeemKey, Session},
};

use super::{
    fixtures::{KEY, at, person},
    steps::{change, open_largest, redemption, scan, step, stored, write},
};

/// The store reads back every field of every state as it was written.
pub async fn what_is_written_is_read(sessions: &dyn Sessions, random: &dyn Randomness) {
    let opened = open_largest(sessions, random).await;
    let me = person(random);
    let pending = opened.session;
    assert_eq!(stored(sessions, &pending).await, pending);
    let declined = open_largest(sessions, random).await.session;
    let declined = step(sessions, &declined, &Command::Decline(me.clone(), Sighting::default()), at(2)).await;
    assert_eq!(stored(sessions, &declined).await, declined);

    let scanned = step(sessions, &pending, &scan(&me), at(1)).await;
    assert_eq!(scanned.version, 2);
    assert_eq!(stored(sessions, &scanned).await, scanned);
    let confirmed = step(sessions, &scanned, &Command::Confirm(me.clone(), None), at(2)).await;
    assert_eq!(stored(sessions, &confirmed).await, confirmed);
    let redeem = Command::Redeem(RedeemKey::Screen(opened.secret), redemption(random, 3));
    let redeemed = step(sessions, &confirmed, &redeem, at(3)).await;
    assert_eq!(stored(sessions, &redeemed).await, redeemed);
    assert_eq!(redeemed.version, 4);
    assert_eq!(redeemed.expires_at, pending.expires_at, "C5: nothing extends a session");

    let largest = unlike(random).await;
    let web = Session { flow: Flow::web(PageState::parse("of-the-page")), ..largest };
    assert_eq!(sessions.create(&web, &write()).await.unwrap(), Created::Stored);
    let scanned = step(sessions, &web, &scan(&me), at(1)).await;
    assert_eq!(scanned.flow.ext().unwrap().as_str(), "ext 文字");
    assert_eq!(scanned.flow.page_state(), web.flow.page_state(), "K16: a scan keeps it");
    assert_eq!(stored(sessions, &scanned).await, scanned);

    let oauth = Session {
        flow: Flow::Oauth {
            scopes: Scopes::parse("openid phone"),
            request: Some(RequestHash::of("x")),
            key: None,
            rotates: true,
        },
        ..unlike(random).await
    };
    let bare = Session {
        flow: Flow::Oauth {
            scopes: Scopes::default(),
            request: None,
            key: KeyThumbprint::parse(KEY),
            rotates: false,
        },
        ..unlike(random).await
    };
    let rotating = Session { flow: Flow::rotating_web(None), ..unlike(random).await };
    let asked_by = |words: &str, request| Flow::Asked {
        scopes: Scopes::parse("openid"),
        words: Words::non_empty(words),
        request,
    };
    let asked = |words: &str| asked_by(words, None);
    let on_a_page = asked_by("", Some(RequestHash::of("the request")));
    let asked_on_a_page = Session { flow: on_a_page, ..unlike(random).await };
    let asked_with = Session { flow: asked("付款 7 元"), ..unlike(random).await };
    let asked_bare = Session { flow: asked(""), ..unlike(random).await };
    for session in [oauth, bare, rotating, asked_with, asked_bare, asked_on_a_page] {
        assert_eq!(sessions.create(&session, &write()).await.unwrap(), Created::Stored);
        assert_eq!(stored(sessions, &session).await, session);
    }

    let unknown = unlike(random).await;
    assert_eq!(sessions.find(&unknown.code, Freshness::Eventual).await.unwrap(), None);
    let nowhere = change(&unknown, &scan(&me), at(1));
    assert_eq!(sessions.commit(&nowhere, &write()).await.unwrap(), Committed::Gone);
    assert_eq!(sessions.find(&unknown.code, Freshness::Strong).await.unwrap(), None, "no item was made");
}

/// A session with a code of its own, which this store does not have.
async fn unlike(random: &dyn Randomness) -> Session {
    open_largest(&crate::Memory::default(), random).await.session
}

/// Creating a session under a taken code leaves the old session alone (`docs/security.md` B10).
pub async fn a_taken_code_is_left_alone(sessions: &dyn Sessions, random: &dyn Randomness) {
    let first = open_largest(sessions, random).await.session;
    let second = Session { version: 7, created_at: at(9), ..first.clone() };
    assert_eq!(sessions.create(&second, &write()).await.unwrap(), Created::Collision);
    assert_eq!(stored(sessions, &first).await, first);
}

/// A change that was decided on an old copy writes nothing, and the store returns the stored session (B11).
pub async fn a_stale_copy_changes_nothing(sessions: &dyn Sessions, random: &dyn Randomness) {
    let pending = open_largest(sessions, random).await.session;
    let (me, you) = (person(random), person(random));
    let scanned = step(sessions, &pending, &scan(&me), at(1)).await;
    let late = change(&pending, &scan(&you), at(2));
    assert_eq!(sessions.commit(&late, &write()).await.unwrap(), Committed::Behind(scanned.clone()));
    assert_eq!(stored(sessions, &scanned).await, scanned);
}

/// The store takes a change one second before the session's end, and refuses it at the end and later
/// (B3, C1, C3).
pub async fn nothing_is_stored_at_or_after_the_end(sessions: &dyn Sessions, random: &dyn Randomness) {
    for (secs, in_time) in [(299, true), (300, false), (301, false), (300 + 47 * 3600, false)] {
        let pending = open_largest(sessions, random).await.session;
        let endless = Session { expires_at: at(1_000_000), ..pending.clone() };
        let scan = change(&endless, &scan(&person(random)), at(secs));
        let committed = sessions.commit(&scan, &write()).await.unwrap();
        assert_eq!(matches!(committed, Committed::Stored(_)), in_time, "{secs} s: {committed:?}");
        if !in_time {
            assert_eq!(committed, Committed::Behind(pending.clone()));
            assert_eq!(stored(sessions, &pending).await, pending);
        }
    }
}

/// Repeating a write under its own id succeeds, because its answer may have been lost. Under any other id it is
/// refused (`docs/security.md` K12).
pub async fn a_write_that_comes_again_succeeds_again(sessions: &dyn Sessions, random: &dyn Randomness) {
    let pending = open_largest(&crate::Memory::default(), random).await.session;
    let (opening, scanning) = (write(), write());
    for _ in 0..2 {
        assert_eq!(sessions.create(&pending, &opening).await.unwrap(), Created::Stored);
    }
    assert_eq!(sessions.create(&pending, &write()).await.unwrap(), Created::Collision);

    let change = change(&pending, &scan(&person(random)), at(1));
    let Committed::Stored(scanned) = sessions.commit(&change, &scanning).await.unwrap() else {
        panic!("the first time")
    };
    assert_eq!(sessions.commit(&change, &scanning).await.unwrap(), Committed::Stored(scanned.clone()));
    assert_eq!(sessions.commit(&change, &write()).await.unwrap(), Committed::Behind(scanned.clone()));
    assert_eq!(stored(sessions, &pending).await, scanned, "it was stored once");
}
