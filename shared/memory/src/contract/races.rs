//! Sessions, many steps at once.

use std::sync::Arc;

use saoma_domain::{
    ports::{Committed, Randomness, Sessions},
    rotation::Sighting,
    session::{Bar, Command, RedeemKey, Session},
};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    fixtures::{at, person},
    steps::{change, open_confirmed, open_largest, redemption, scan, stored, write},
};

/// How many of `commands` were stored, when all are decided on the same `session` and sent at once.
pub async fn race(sessions: &Arc<dyn Sessions>, session: &Session, commands: Vec<Command>) -> Vec<Session> {
    let barrier = Arc::new(Barrier::new(commands.len()));
    let mut running = JoinSet::new();
    for command in commands {
        let (sessions, barrier) = (Arc::clone(sessions), Arc::clone(&barrier));
        let change = change(session, &command, at(3));
        running.spawn(async move {
            barrier.wait().await;
            sessions.commit(&change, &write()).await.unwrap()
        });
    }
    let committed = running.join_all().await.into_iter();
    committed
        .filter_map(|committed| match committed {
            Committed::Stored(session) => Some(session),
            Committed::Behind(_) | Committed::Gone => None,
        })
        .collect()
}

/// Of any number of steps that were decided on one version, the store takes one (B1, B2, B4, B5, B6).
pub async fn one_winner_a_version(sessions: Arc<dyn Sessions>, random: &dyn Randomness, rounds: usize) {
    for _ in 0..rounds {
        let pending = open_largest(&*sessions, random).await.session;
        let scans = (0..4).map(|_| scan(&person(random))).collect();
        let winners = race(&sessions, &pending, scans).await;
        assert_eq!(winners.len(), 1, "B6: one phone wins");
        let scanned = stored(&*sessions, &pending).await;
        assert_eq!(winners, std::slice::from_ref(&scanned));

        let me = scanned.state.claim().unwrap().by.clone();
        let confirm = Command::Confirm(me.clone(), None);
        let decisions = vec![confirm.clone(), Command::Decline(me, Sighting::default()), confirm];
        assert_eq!(race(&sessions, &scanned, decisions).await.len(), 1, "B1, B2: one decision");

        let (confirmed, me, secret) = open_confirmed(&*sessions, random).await;
        let redeems = (0..8)
            .map(|_| redeem(random, &secret))
            .chain([Command::Decline(me, Sighting::default()), Command::Bar(Bar::Account)]);
        let winners = race(&sessions, &confirmed, redeems.collect()).await;
        assert_eq!(winners.len(), 1, "B4, B5: redeemed once, or cancelled, never both");
    }
}

fn redeem(random: &dyn Randomness, secret: &saoma_domain::secrets::Secret) -> Command {
    Command::Redeem(RedeemKey::Screen(secret.clone()), redemption(random, 3))
}

/// How many of fifty redemptions of one confirmed session were stored. A store that keeps the promise stores one.
/// A store without its guard stores more, which proves that this test can fail.
pub async fn fifty_redemptions(sessions: Arc<dyn Sessions>, random: &dyn Randomness) -> usize {
    let (confirmed, _, secret) = open_confirmed(&*sessions, random).await;
    let redeems = (0..50).map(|_| redeem(random, &secret)).collect();
    race(&sessions, &confirmed, redeems).await.len()
}
