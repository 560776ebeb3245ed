//! The screens that watch a session.

use async_trait::async_trait;
use saoma_domain::{
    ports::{StoreError, Watchers},
    time::Timestamp,
    watching::{MOST_WATCHERS, WatchRef, Watcher},
};

use super::{Memory, let_others_in};

#[async_trait]
impl Watchers for Memory {
    async fn watch(&self, session: &WatchRef, watcher: &Watcher, _: Timestamp) -> Result<(), StoreError> {
        let_others_in().await;
        self.call(|data| {
            let watchers = data.watchers.entry(session.clone()).or_default();
            if !watchers.contains(watcher) {
                watchers.insert(0, watcher.clone());
                watchers.truncate(MOST_WATCHERS);
            }
        })
    }

    async fn watching(&self, watched: &WatchRef) -> Result<Vec<Watcher>, StoreError> {
        let_others_in().await;
        self.call(|data| data.watchers.get(watched).cloned().unwrap_or_default())
    }

    async fn forget(&self, session: &WatchRef, watcher: &Watcher) -> Result<(), StoreError> {
        self.call(|data| {
            if let Some(watchers) = data.watchers.get_mut(session) {
                watchers.retain(|kept| kept != watcher);
            }
        })
    }
}
