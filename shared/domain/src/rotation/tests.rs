use async_trait::async_trait;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    cases::Opening,
    client::Client,
    identity::ClientId,
    ports::{KeyName, testing::Counting},
    session::{Dialect, Flow, ScreenClaims, Seen as SeenScreen},
    text::CleanText,
};

/// SHA-256 of key and parts, which is keyed enough for these tests. The first key is the current one.
struct Plain(&'static [&'static str]);

const KEYS: Plain = Plain(&["current-", "previous"]);

#[async_trait]
impl KeyedHash for Plain {
    fn current_key(&self) -> KeyName {
        KeyName::of_kid(self.0[0])
    }

    fn key_names(&self) -> Vec<KeyName> {
        self.0.iter().map(|name| KeyName::of_kid(name)).collect()
    }

    fn keyed_hash(&self, purpose: &str, parts: &[&str]) -> KeyedTag {
        self.keyed_hash_under(&self.current_key(), purpose, parts).unwrap()
    }

    fn keyed_hash_under(&self, key: &KeyName, purpose: &str, parts: &[&str]) -> Option<KeyedTag> {
        let hash = Sha256::digest(format!("{key:?} {purpose} {parts:?}")).into();
        self.key_names().contains(key).then(|| KeyedTag { key: key.clone(), hash })
    }

    async fn learn(&self, _: &KeyName) {}

    async fn look_again(&self) {}
}

/// The beginning of a step.
const BEGINS: Timestamp = Timestamp::from_secs(1_700_000_010);

fn at(secs: u64) -> Timestamp {
    BEGINS.plus(Duration::from_secs(secs))
}

fn code() -> SessionCode {
    SessionCode::parse("01ABCDEFGHJKMNPQRSTVWXYZ01").unwrap()
}

fn with(tag: Tag) -> Scanned {
    Scanned { code: code(), tag: Some(tag) }
}

async fn looks_live(scanned: &Scanned, now: Timestamp) -> bool {
    Sighting::check(&KEYS, scanned, None, now).await.is_of(&code())
}

// L1 L2
#[tokio::test]
async fn a_tag_counts_for_its_step_the_one_before_and_the_two_after() {
    let tag = with(Tag::of(&KEYS, &code(), Step::at(at(60))));
    for (secs, counts) in [
        (0, false),
        (44, false),
        (45, true),
        (59, true),
        (60, true),
        (74, true),
        (104, true),
        (105, false),
        (3600, false),
    ] {
        assert_eq!(looks_live(&tag, at(secs)).await, counts, "{secs} s");
    }
}

// L2 L3
#[tokio::test]
async fn only_the_tag_of_this_session_under_a_key_that_counts_is_one() {
    let step = Step::at(at(0));
    let other = SessionCode::parse("02ABCDEFGHJKMNPQRSTVWXYZ02").unwrap();
    let checked = async |scanned: &Scanned| Sighting::check(&KEYS, scanned, None, at(0)).await;
    let mine = checked(&with(Tag::of(&KEYS, &code(), step))).await;
    assert!(mine.is_of(&code()) && !mine.is_of(&other) && !mine.is_copy());
    let before = Plain(&["previous"]);
    assert!(
        checked(&with(Tag::of(&before, &code(), step))).await.is_of(&code()),
        "the key was rotated since"
    );
    let stranger = Plain(&["stranger"]);
    for copy in [Tag::of(&KEYS, &other, step), Tag::of(&stranger, &code(), step), Tag::read("00000")] {
        let checked = checked(&with(copy.clone())).await;
        assert!(checked.is_copy() && !checked.is_of(&code()), "{copy:?}");
    }
    let bare = checked(&Scanned { code: code(), tag: None }).await;
    assert!(bare == Sighting::default() && !bare.is_copy() && !bare.is_of(&code()), "no tag is no sighting");
}

// L11 L12
#[tokio::test]
async fn a_receipt_is_given_for_a_live_qr_and_holds_for_its_session_alone() {
    let live = Sighting::check(&KEYS, &with(Tag::of(&KEYS, &code(), Step::at(at(0)))), None, at(0)).await;
    let given = receipt(&KEYS, &live).unwrap();
    let late = at(250);
    for scanned in [Scanned { code: code(), tag: None }, with(Tag::of(&KEYS, &code(), Step::at(at(0))))] {
        assert!(Sighting::check(&KEYS, &scanned, Some(&given), late).await.is_of(&code()));
        assert!(!Sighting::check(&KEYS, &scanned, None, late).await.is_of(&code()));
        let rotated = Plain(&["next-key", "current-"]);
        assert!(Sighting::check(&rotated, &scanned, Some(&given), late).await.is_of(&code()));
        let dropped = Plain(&["next-key"]);
        assert!(!Sighting::check(&dropped, &scanned, Some(&given), late).await.is_of(&code()));
    }
    let other = SessionCode::parse("02ABCDEFGHJKMNPQRSTVWXYZ02").unwrap();
    let of_another = Sighting::check(&KEYS, &Scanned { code: other, tag: None }, Some(&given), late).await;
    assert_eq!(of_another, Sighting::default());
    for none in [Sighting::default(), Sighting(Seen::Copy)] {
        assert_eq!(receipt(&KEYS, &none), None);
    }
}

fn session(opened: Timestamp, life: u64) -> Session {
    let client = Client::plain(ClientId::parse("site").unwrap(), CleanText::new("Site"), vec![Dialect::Web]);
    let opening = Opening {
        flow: Flow::web(None),
        client: &client,
        claims: ScreenClaims::default(),
        seen: SeenScreen::default(),
        opener: None,
        life: Duration::from_secs(life),
    };
    opening.draw(&Counting::default(), opened).session
}

#[test]
fn a_session_has_a_frame_for_each_15_seconds_of_its_life() {
    for (life, frames) in [(30, 2), (31, 3), (300, 20), (900, 60)] {
        assert_eq!(frame_tags(&KEYS, &session(BEGINS, life)).len(), frames, "{life} s");
    }
}

proptest! {
    // L1: whenever the session was opened and whenever its QR is read, the tag on the screen counts, and for 20 s after; a
    // minute later it does not.
    #[test]
    fn the_frame_on_the_screen_is_live_and_a_copy_of_it_soon_is_not(opened in 0_u64..60, age in 0_u64..300, kept in 0_u64..600) {
        let session = session(at(opened), 300);
        let tags = frame_tags(&KEYS, &session);
        let shown = &tags[usize::try_from(age / EVERY.as_secs()).unwrap()];
        let read_at = session.created_at.plus(Duration::from_secs(age));
        let later = read_at.plus(Duration::from_secs(kept));
        let fresh = shown.is_fresh(&KEYS, &session.code, later);
        prop_assert!(fresh || kept > 20, "{opened} {age} {kept}");
        prop_assert!(!fresh || kept < 60, "{opened} {age} {kept}");
    }

    // L4: a guess is one of 2^25.
    #[test]
    fn what_is_made_up_does_not_count(guess in "[0-9A-HJKMNP-TV-Z]{5}", secs in 0_u64..3600) {
        let real: Vec<Tag> = Step::counting(at(secs)).map(|step| Tag::of(&KEYS, &code(), step)).collect();
        let guess = Tag::read(&guess);
        prop_assert!(real.contains(&guess) || !guess.is_fresh(&Plain(&["current-"]), &code(), at(secs)));
    }
}
