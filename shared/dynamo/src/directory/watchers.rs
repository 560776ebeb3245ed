//! Who watches a session, or the questions to a person: `c1`, the newest, to `c3`. Each is a text,
//! `<seconds since 1970>.<connection>`; an empty text is an empty place.
//!
//! The right sides of an update are what the item held before it, so one write moves all of them, and two at the same
//! moment lose nothing.

use async_trait::async_trait;
use saoma_domain::{
    ports::{Freshness, StoreError, Watchers},
    time::Timestamp,
    watching::{ConnectionId, WatchRef, Watcher},
};

use super::{Directory, Key, writes::if_held};
use crate::item::{Item, Reader, inconsistent, seconds, text};

/// The screens, the newest first.
const SLOTS: [&str; 3] = ["c1", "c2", "c3"];
/// Puts a screen in front of the others. The third of them falls out.
const IN_FRONT: &str = "SET c3 = if_not_exists(c2, :none), c2 = if_not_exists(c1, :none), c1 = :watcher, \
     expires_at = :until";
/// The SDK repeats a write whose answer was lost, and the repetition must not put the screen in front once more.
const IF_NEW: &str = "(attribute_not_exists(c1) OR c1 <> :watcher) AND \
     (attribute_not_exists(c2) OR c2 <> :watcher) AND (attribute_not_exists(c3) OR c3 <> :watcher)";
/// Takes a screen out of each place, and closes the gap.
const OUT_OF: [(&str, &str); 3] = [
    ("c1 = :watcher", "SET c1 = if_not_exists(c2, :none), c2 = if_not_exists(c3, :none), c3 = :none"),
    ("c2 = :watcher", "SET c2 = if_not_exists(c3, :none), c3 = :none"),
    ("c3 = :watcher", "SET c3 = :none"),
];

/// Where the watchers of a session, or of the questions to a person, are.
pub(crate) fn watchers_key(watched: &WatchRef) -> Key {
    Key(format!("WATCH#{watched}"), "WATCHERS".into())
}

/// The screens in an item, the newest first.
pub(crate) fn from_item(item: &Item) -> Result<Vec<Watcher>, StoreError> {
    let mut watchers = Vec::new();
    for slot in SLOTS {
        if let Some(text) = Reader(item).optional_text(slot)?.filter(|text| !text.is_empty()) {
            watchers.push(read(text).ok_or_else(|| inconsistent(slot))?);
        }
    }
    Ok(watchers)
}

fn write(watcher: &Watcher) -> String {
    format!("{}.{}", watcher.since.secs(), watcher.connection.as_str())
}

fn read(text: &str) -> Option<Watcher> {
    let (since, connection) = text.split_once('.')?;
    let since = Timestamp::from_secs(since.parse().ok()?);
    Some(Watcher { connection: ConnectionId::parse(connection)?, since })
}

#[async_trait]
impl Watchers for Directory {
    async fn watch(&self, subject: &WatchRef, watcher: &Watcher, until: Timestamp) -> Result<(), StoreError> {
        let update =
            self.update(watchers_key(subject)).update_expression(IN_FRONT).condition_expression(IF_NEW);
        let update = update
            .expression_attribute_values(":watcher", text(write(watcher)))
            .expression_attribute_values(":none", text(""))
            .expression_attribute_values(":until", seconds(until));
        // A condition that does not hold means that the screen watches already.
        if_held(update).await.map(drop)
    }

    async fn watching(&self, watched: &WatchRef) -> Result<Vec<Watcher>, StoreError> {
        let item = self.get(&watchers_key(watched), Freshness::Eventual).await?;
        item.as_ref().map_or(Ok(Vec::new()), from_item)
    }

    /// Looks in each place, the newest first: a screen that comes at the same moment moves the others the same way.
    async fn forget(&self, subject: &WatchRef, watcher: &Watcher) -> Result<(), StoreError> {
        for (is_there, take_out) in OUT_OF {
            let update = self.update(watchers_key(subject));
            let update = update
                .update_expression(take_out)
                .condition_expression(is_there)
                .expression_attribute_values(":watcher", text(write(watcher)))
                .expression_attribute_values(":none", text(""));
            if if_held(update).await? {
                return Ok(());
            }
        }
        Ok(())
    }
}
