//! Rotating the keys and dropping one, step by step, with calls that fail or whose answer is lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use saoma_domain::{
    cases::{Dropped, KeyKeeper, KeysError, Rotation, SeedMaker},
    ports::{Clock, KeyStage, KeyStages},
    time::Timestamp,
};
use saoma_memory::{
    Fault,
    vault::Vault,
    world::{FixedClock, SeededRandom},
};

const WAIT: Duration = Duration::from_mins(10);
const IDLE: Duration = Duration::from_hours(720);

struct Desk {
    clock: Arc<FixedClock>,
    vault: Arc<Vault>,
    keeper: KeyKeeper,
}

impl Desk {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_secs(1_705_998_038)));
        let vault = Arc::new(Vault::holding(&"first".repeat(13), clock.clone()));
        let random = Arc::new(SeededRandom::new(7));
        let keeper = KeyKeeper {
            stages: vault.clone(),
            maker: Arc::new(SeedMaker(random.clone())),
            random,
            published_before_use: WAIT,
            rests_for: IDLE,
        };
        Self { clock, vault, keeper }
    }

    async fn step(&self, version: Option<&str>) -> Result<Rotation, KeysError> {
        self.keeper.rotate(version, false, None, self.clock.now()).await
    }

    /// The id at each stage.
    fn ids(&self) -> [Option<String>; 3] {
        let secret = self.vault.secret();
        [Some(secret.current), secret.pending, secret.previous].map(|it| it.map(|version| version.id))
    }

    /// Until when a sign-in may rest on the previous version: one that was refreshed right before the current version
    /// was made current, an hour late.
    fn rests_until(&self) -> Timestamp {
        self.vault.secret().current.made_at.plus(WAIT + Duration::from_hours(1)).plus(IDLE)
    }

    /// Rotates once; the new version's id.
    async fn rotated(&self) -> String {
        let Rotation::Published { version, signs_from } = self.step(None).await.unwrap() else { panic!() };
        self.clock.set(signs_from);
        assert_eq!(self.step(Some(&version)).await.unwrap(), Rotation::Current { version: version.clone() });
        version
    }
}

// E13
#[tokio::test]
async fn a_rotation_publishes_waits_and_promotes() {
    let desk = Desk::new();
    let began = desk.clock.now();
    let Rotation::Published { version, signs_from } = desk.step(None).await.unwrap() else { panic!() };
    assert_eq!(signs_from, began.plus(WAIT));
    assert_eq!(desk.ids(), [Some("first".to_owned()), Some(version.clone()), None]);
    let text = desk.vault.secret().pending.unwrap().text;
    assert_eq!(text.len(), 64);
    // An operator who runs it again, with or without the version, goes on with the same one and is told the same time.
    desk.clock.advance(WAIT.saturating_sub(Duration::from_secs(1)));
    for again in [None, Some(version.as_str())] {
        let waits = Rotation::Published { version: version.clone(), signs_from };
        assert_eq!(desk.step(again).await.unwrap(), waits);
    }
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.step(None).await.unwrap(), Rotation::Current { version: version.clone() });
    assert_eq!(desk.ids(), [Some(version.clone()), None, Some("first".to_owned())]);
    assert_eq!(
        desk.step(Some(&version)).await.unwrap(),
        Rotation::Current { version },
        "a repeated last step"
    );
}

// B12
#[tokio::test]
async fn the_first_key_is_made_once_also_when_its_answer_was_lost() {
    for fault in [None, Some(Fault::Refused), Some(Fault::AnswerLost)] {
        for calls in 0..2 {
            let mut desk = Desk::new();
            desk.vault = Arc::new(Vault::empty(desk.clock.clone()));
            desk.keeper.stages = desk.vault.clone();
            assert_eq!(desk.keeper.show().await.unwrap(), None);
            assert!(matches!(desk.step(None).await, Err(KeysError::NoKey)));
            assert_eq!(desk.keeper.drop_version("first").await.unwrap(), Dropped::Nothing);
            if let Some(fault) = fault {
                desk.vault.inject_after(calls, fault);
                assert!(desk.keeper.make_first().await.is_err(), "{fault:?} {calls}");
            }
            let made = desk.keeper.make_first().await.unwrap();
            assert_eq!(desk.ids(), [Some(made.clone()), None, None]);
            assert_eq!(desk.keeper.make_first().await.unwrap(), made);
        }
    }
}

// B12
#[tokio::test]
async fn a_step_that_fails_or_loses_its_answer_is_taken_when_it_is_repeated() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for calls in 0..2 {
            let desk = Desk::new();
            desk.vault.inject_after(calls, fault);
            assert!(desk.step(None).await.is_err(), "{fault:?} {calls}");
            let Rotation::Published { version, .. } = desk.step(None).await.unwrap() else { panic!() };
            desk.clock.advance(WAIT);
            desk.vault.inject_after(calls, fault);
            assert!(desk.step(Some(&version)).await.is_err());
            assert_eq!(
                desk.step(Some(&version)).await.unwrap(),
                Rotation::Current { version: version.clone() }
            );
            assert_eq!(
                desk.ids(),
                [Some(version.clone()), None, Some("first".to_owned())],
                "{fault:?} {calls}"
            );
        }
    }
}

#[tokio::test]
async fn a_second_rotation_waits_until_no_sign_in_rests_on_the_first_key() {
    let desk = Desk::new();
    let second = desk.rotated().await;
    let Err(KeysError::TooSoon { until }) = desk.step(None).await else { panic!() };
    assert_eq!(until, desk.rests_until());
    assert_eq!(desk.ids(), [Some(second.clone()), None, Some("first".to_owned())]);
    let forced = desk.keeper.rotate(None, true, None, desk.clock.now()).await.unwrap();
    assert!(matches!(forced, Rotation::Published { .. }));

    let desk = Desk::new();
    desk.rotated().await;
    desk.clock.set(desk.rests_until());
    desk.rotated().await;
}

#[tokio::test]
async fn a_rotation_of_another_version_is_refused() {
    let desk = Desk::new();
    desk.step(None).await.unwrap();
    assert!(matches!(desk.step(Some("another")).await, Err(KeysError::AnotherIsPending)));
}

// K9
#[tokio::test]
async fn a_current_version_that_leaked_is_replaced_at_once_and_has_no_stage() {
    let desk = Desk::new();
    let leaked = desk.rotated().await;
    assert_eq!(desk.keeper.drop_version(&leaked).await.unwrap(), Dropped::Current);
    let [current, pending, previous] = desk.ids();
    assert!(current.is_some_and(|id| id != leaked && id != "first"));
    assert_eq!(
        (pending, previous),
        (None, None),
        "not even the one before it: its stage went to the leaked one"
    );
    assert_eq!(desk.keeper.drop_version(&leaked).await.unwrap(), Dropped::Nothing);
}

// K9
#[tokio::test]
async fn another_version_that_leaked_loses_its_stage() {
    let desk = Desk::new();
    let current = desk.rotated().await;
    assert_eq!(desk.keeper.drop_version("first").await.unwrap(), Dropped::Previous);
    assert_eq!(desk.ids(), [Some(current.clone()), None, None]);
    let Rotation::Published { version, .. } = desk.step(None).await.unwrap() else { panic!() };
    assert_eq!(desk.keeper.drop_version(&version).await.unwrap(), Dropped::Pending);
    assert_eq!(desk.ids(), [Some(current.clone()), None, None]);
    assert_eq!(desk.keeper.drop_version("no such version").await.unwrap(), Dropped::Nothing);
}

// K9 B12
#[tokio::test]
async fn a_drop_that_stopped_halfway_is_finished_by_the_same_command() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for calls in 0..4 {
            let desk = Desk::new();
            desk.vault.inject_after(calls, fault);
            assert!(desk.keeper.drop_version("first").await.is_err(), "{fault:?} {calls}");
            desk.keeper.drop_version("first").await.unwrap();
            let [current, pending, previous] = desk.ids();
            assert_ne!(current, Some("first".to_owned()), "{fault:?} {calls}");
            assert_eq!((pending, previous), (None, None), "{fault:?} {calls}");
        }
    }
}

/// The label of the pending stage stays on a version that became current, until it is taken away, and that may fail. A
/// version that leaked must not go on as the pending one.
// K9
#[tokio::test]
async fn a_version_that_leaked_keeps_no_label_at_all() {
    let desk = Desk::new();
    let Rotation::Published { version, signs_from } = desk.step(None).await.unwrap() else { panic!() };
    desk.clock.set(signs_from);
    desk.vault.inject_after(2, Fault::Refused);
    desk.step(Some(&version)).await.unwrap();
    assert_eq!(desk.vault.stages_of(&version), [KeyStage::Pending, KeyStage::Current]);
    desk.keeper.drop_version(&version).await.unwrap();
    assert_eq!(desk.vault.stages_of(&version), []);
}

/// An operator who drops a key while another rotates: the published version stays and can be promoted or dropped.
#[tokio::test]
async fn a_drop_leaves_a_rotation_that_is_going_on() {
    let desk = Desk::new();
    let Rotation::Published { version, .. } = desk.step(None).await.unwrap() else { panic!() };
    desk.keeper.drop_version("first").await.unwrap();
    assert_eq!(desk.ids()[1], Some(version.clone()));
    desk.clock.advance(WAIT);
    assert_eq!(desk.step(Some(&version)).await.unwrap(), Rotation::Current { version });
}

#[tokio::test]
async fn the_memory_moves_stages_as_secrets_manager_does() {
    let desk = Desk::new();
    desk.vault.add(KeyStage::Pending, "second", "text").await.unwrap();
    desk.vault.add(KeyStage::Pending, "third", "text").await.unwrap();
    assert_eq!(desk.ids(), [Some("first".to_owned()), Some("third".to_owned()), None]);
    desk.vault.promote("third", "first").await.unwrap();
    assert_eq!(desk.ids(), [Some("third".to_owned()), None, Some("first".to_owned())]);
    desk.vault.add(KeyStage::Current, "fourth", "text").await.unwrap();
    assert_eq!(
        desk.vault.stages_of("third"),
        [KeyStage::Pending, KeyStage::Previous],
        "the first label stays"
    );
    assert_eq!(desk.ids(), [Some("fourth".to_owned()), Some("third".to_owned()), None]);
}
