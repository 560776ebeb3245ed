//! The calls that clients' servers did not take in time, as operators list and replay them.

use acceptance::World;
use saoma_domain::{
    identity::ClientId,
    ports::{QueuedCall, StoreError},
    time::Timestamp,
};
use serde_json::{Value, json};

fn call(client: &str, n: u64) -> QueuedCall {
    QueuedCall {
        client: ClientId::parse(client).unwrap(),
        id: format!("{client}.{n}"),
        at: Timestamp::from_secs(1_705_998_038 + n),
        body: r#"{"uin": 1000001}"#.to_owned(),
        ticket_of: None,
    }
}

/// A world whose failure queue holds two calls of one client, one of another, and a message that is no call.
fn world() -> World {
    let world = World::default();
    let no_call = Err(StoreError::new("the message is no queued call"));
    let failed = [Ok(call("region-1", 1)), Ok(call("region-2", 2)), no_call, Ok(call("region-1", 3))];
    world.post.change(|posted| posted.failed_calls = failed.map(|call| Some((call, true))).into());
    world
}

async fn command(world: &World, name: &str, client: Option<&str>) -> Value {
    let mut event = json!({"do": name, "by": "an operator"});
    if let Some(client) = client {
        event["client"] = json!(client);
    }
    world.command(event).await
}

/// How many messages are in the failure queue, and how many of them in sight.
fn left(world: &World) -> (usize, usize) {
    let failed = world.post.sent().failed_calls;
    let left: Vec<bool> = failed.into_iter().flatten().map(|(_, shown)| shown).collect();
    (left.len(), left.iter().filter(|shown| **shown).count())
}

#[tokio::test]
async fn a_list_says_whose_calls_failed_and_leaves_them() {
    let world = world();
    let of_one = command(&world, "webhooks.list", Some("region-1")).await;
    let row = |n: u64| json!({"client": "region-1", "event": format!("region-1.{n}"), "queuedAt": 1_705_998_038 + n});
    assert_eq!(of_one, json!({"ok": true, "calls": [row(1), row(3)], "more": false}));
    let all = command(&world, "webhooks.list", None).await;
    assert_eq!(all["calls"].as_array().unwrap().len(), 4);
    assert_eq!(all["calls"][2], json!({"client": null, "event": null, "message": "2"}));
    assert!(!all.to_string().contains("1000001"), "a list says nothing of people");
    assert_eq!(left(&world), (4, 4));
    assert!(world.queued().is_empty());
}

#[tokio::test]
async fn a_replay_puts_one_clients_calls_back_and_then_the_others() {
    let world = world();
    let replayed = command(&world, "webhooks.replay", Some("region-1")).await;
    assert_eq!(replayed, json!({"ok": true, "replayed": 2, "unreadable": 0, "more": false}));
    assert_eq!(world.queued(), [call("region-1", 1), call("region-1", 3)]);
    assert_eq!(left(&world), (2, 0));
    world.post.change(|posted| posted.failed_calls.iter_mut().flatten().for_each(|(_, shown)| *shown = true));
    let replayed = command(&world, "webhooks.replay", None).await;
    assert_eq!(replayed, json!({"ok": true, "replayed": 1, "unreadable": 1, "more": false}));
    assert_eq!(world.queued(), [call("region-2", 2)]);
    assert_eq!(left(&world).0, 1, "what is no call stays");
}

#[tokio::test]
async fn a_replay_loses_nothing_when_the_queue_fails() {
    let world = world();
    world.post.change(|posted| posted.closed = vec!["uin".to_owned()]);
    let refused = command(&world, "webhooks.replay", None).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("unavailable")));
    assert_eq!(left(&world).0, 4);
    let odd = command(&world, "webhooks.replay", Some("no client")).await;
    assert_eq!((&odd["ok"], &odd["code"]), (&json!(false), &json!("bad_setting")));
}
