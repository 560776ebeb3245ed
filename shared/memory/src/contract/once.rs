//! What may be used once.

use std::sync::Arc;

use saoma_domain::ports::{OnceOnly, OncePurpose, OneUse, Randomness, Used, WriteId};
use tokio::{sync::Barrier, task::JoinSet};

use super::{fixtures::at, steps::write};

fn used(owner: &str, id: &str, secs: u64) -> OneUse {
    OneUse::of(OncePurpose::Assertion, owner, id, at(secs), at(600))
}

/// The first use is recorded for one purpose and one owner. Its write may come again; another write comes too late
/// (`docs/security.md` E14).
pub async fn a_thing_is_used_once(once: &dyn OnceOnly, random: &dyn Randomness) {
    let (id, first) = (WriteId::random(random).as_str().to_owned(), write());
    assert_eq!(once.use_once(&used("a", &id, 1), &first).await.unwrap(), Used::First(at(1)));
    assert_eq!(once.use_once(&used("a", &id, 7), &first).await.unwrap(), Used::First(at(1)), "K12");
    assert_eq!(once.use_once(&used("a", &id, 7), &write()).await.unwrap(), Used::Before);
    let proof = OneUse::of(OncePurpose::Proof, "a", &id, at(2), at(600));
    for other in [proof, used("b", &id, 2), used("a", &format!("{id}x"), 2), used(&format!("a{id}"), "", 2)] {
        assert_eq!(once.use_once(&other, &write()).await.unwrap(), Used::First(at(2)), "{other:?}");
    }
}

/// How many of fifty uses at once were the first. A store that keeps the promise says so to one.
pub async fn fifty_uses(once: Arc<dyn OnceOnly>, random: &dyn Randomness) -> usize {
    let used = used("a", WriteId::random(random).as_str(), 1);
    let barrier = Arc::new(Barrier::new(50));
    let mut running = JoinSet::new();
    for _ in 0..50 {
        let (once, barrier, used) = (Arc::clone(&once), Arc::clone(&barrier), used.clone());
        running.spawn(async move {
            barrier.wait().await;
            once.use_once(&used, &write()).await.unwrap()
        });
    }
    running.join_all().await.into_iter().filter(|used| matches!(used, Used::First(_))).count()
}
