//! Many callers at the same moment.

use std::sync::Arc;

use acceptance::{Answer, Call, World};
use tokio::{sync::Barrier, task::JoinSet};

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
