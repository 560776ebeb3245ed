//! Many callers at the same moment.

use std::sync::Arc;

use acceptance::{Answer, Call, World};
use tokio::{sync::Barrier, task::JoinSet};

/// How often a race is run. The calls meet in another order each time.
pub(crate) const ROUNDS: usize = 20;

/// Fifty of the same exchange at once get the same tokens.
pub(crate) async fn get_one_token_set(world: World, exchange: Call) {
    let answers = at_once(&Arc::new(world), vec![exchange; 50]).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, answers[0].json()), "{}", answer.whole());
    }
}

/// Makes all calls at once, each on its own task.
pub(crate) async fn at_once(world: &Arc<World>, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let mut tasks = JoinSet::new();
    for call in calls {
        let (world, barrier) = (world.clone(), barrier.clone());
        tasks.spawn(async move {
            barrier.wait().await;
            world.call(call).await
        });
    }
    tasks.join_all().await
}
