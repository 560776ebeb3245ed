//! The calls to clients' servers, out of their queue (K13, B9). The tests of H9 are beside the adapter of webhooks.

mod hanging;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use acceptance::World;
use async_trait::async_trait;
use deliver::{App, BatchAnswer};
use saoma_domain::{
    client::{Client, WebhookUrl},
    identity::ClientId,
    ports::{
        CallError, CallFailure, Clock, QueuedCall, StoreError, WaitingCall, Webhook, WebhookKeys, Webhooks,
    },
};
use saoma_memory::world::FixedClock;
use serde_json::{Value, json};
use tokio::{sync::Barrier, time::timeout};

use crate::{
    pages,
    remembered::{Region, code},
};

fn failed(ids: &[&str]) -> BatchAnswer {
    BatchAnswer::failed(ids.iter().map(|&id| id.to_owned()))
}

/// A world with a region, and the call about a QR of it in the queue.
async fn asked() -> (World, Region, Vec<QueuedCall>) {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    region.ask(&world, json!({})).await;
    world.stream(&world.changed()).await;
    let queued = world.queued();
    assert_eq!(queued.len(), 1);
    (world, region, queued)
}

/// A confirmed login of a region, and its call in the queue.
async fn confirmed(world: &World, region: &Region) -> Vec<QueuedCall> {
    let person = world.sign_in("13800138000").await;
    let trace = region.trace(world, json!({})).await;
    let code = code(world, region, &trace).await;
    for step in ["scan", "confirm"] {
        world.queued();
        assert_eq!(pages::step(world, step, &person, &code, &json!({})).await.status, 200);
        world.stream(&world.changed()).await;
    }
    world.queued()
}

/// The keys that sign calls to a client now.
async fn keys(world: &World, id: &str) -> Vec<[u8; 32]> {
    let client =
        world.service.client_now(&*world.memory, &ClientId::parse(id).unwrap()).await.unwrap().unwrap();
    world.service.keys.webhook_keys(&client, world.clock.now())
}

fn refuses(world: &World, why: CallFailure) {
    world.post.change(|posted| posted.webhooks_fail = Some(why));
}

fn busy(status: u16, retry_after: Option<u64>) -> CallFailure {
    CallFailure::Refused { status, retry_after: retry_after.map(Duration::from_secs) }
}

/// How long the calls were put back for since this was last asked.
fn pauses(world: &World) -> Vec<u64> {
    let mut pauses = Vec::new();
    world.post.change(|posted| {
        pauses = posted.postponed.drain(..).map(|(_, pause)| pause.as_secs()).collect();
    });
    pauses
}

// J3 E1
#[tokio::test]
async fn a_call_waits_without_a_secret_and_leaves_with_its_ticket_and_todays_keys() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let queued = confirmed(&world, &region).await;
    let [call] = queued.as_slice() else { panic!("{queued:?}") };
    assert!(!call.body.contains("ticket") && !call.body.contains("ey"), "{}", call.body);

    assert_eq!(world.hand_over(&queued, 1).await, BatchAnswer::default());
    let sent = world.post.sent().webhooks.pop().unwrap();
    assert_eq!((sent.id.as_str(), sent.at), (call.id.as_str(), world.clock.now()));
    assert!(sent.keys == keys(&world, region.id).await);
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!((&body["resultType"], &body["eventId"]), (&json!("LOGIN_loginResult"), &json!(call.id)));
    assert_eq!(region.exchange(&world, &body["ticket"]).await.status, 200);
}

#[tokio::test]
async fn a_late_call_carries_a_fresh_ticket_and_one_about_a_login_that_is_over_none() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let queued = confirmed(&world, &region).await;
    let sent = async || {
        assert_eq!(world.hand_over(&queued, 7).await, BatchAnswer::default());
        serde_json::from_str::<Value>(&world.post.sent().webhooks.pop().unwrap().body).unwrap()
    };
    world.clock.advance(Duration::from_secs(100));
    let late = sent().await;
    assert_eq!(region.exchange(&world, &late["ticket"]).await.status, 200);
    assert_eq!(sent().await.get("ticket"), None, "redeemed");
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(sent().await.get("ticket"), None, "expired");
    // A message that names another client's session gets no ticket for it.
    let other = Region::registered(&world, "clientId-02");
    let stolen = confirmed(&world, &other).await;
    let stolen: Vec<_> = stolen
        .into_iter()
        .map(|call| QueuedCall { client: ClientId::parse(region.id).unwrap(), ..call })
        .collect();
    world.hand_over(&stolen, 1).await;
    assert!(!world.post.sent().webhooks.pop().unwrap().body.contains("ticket"));
}

#[tokio::test]
async fn a_call_goes_where_the_client_is_now_and_nowhere_when_it_is_gone() {
    let (world, _, queued) = asked().await;
    let moved = |webhook: Option<&str>| {
        let webhook = webhook.and_then(WebhookUrl::parse);
        Region::with(&world, "clientId-01", |client| Client { webhook, ..client });
    };
    moved(Some("https://elsewhere.example/in"));
    assert_eq!(world.hand_over(&queued, 1).await, BatchAnswer::default());
    let sent = world.post.sent().webhooks;
    assert_eq!(sent.last().unwrap().url.url().as_str(), "https://elsewhere.example/in");
    let dropped = async |change: fn(Client) -> Client| {
        Region::with(&world, "clientId-01", |client| {
            let webhook = WebhookUrl::parse("https://elsewhere.example/in");
            change(Client { webhook, ..client })
        });
        assert_eq!(world.hand_over(&queued, 1).await, BatchAnswer::default());
    };
    dropped(|client| Client { webhook: None, ..client }).await;
    dropped(|client| Client { enabled: false, ..client }).await;
    // K4: the next owner of an id hears nothing of the one before.
    dropped(|client| Client { registered_at: FixedClock::EXAMPLE.plus(Duration::from_secs(1)), ..client })
        .await;
    let gone = QueuedCall { client: ClientId::parse("removed").unwrap(), ..queued[0].clone() };
    assert_eq!(world.hand_over(&[gone], 1).await, BatchAnswer::default(), "dropped");
    assert_eq!(world.post.sent().webhooks.len(), sent.len());
}

#[tokio::test]
async fn a_call_that_fails_waits_twice_as_long_each_time() {
    let (world, _, queued) = asked().await;
    for why in [busy(500, None), busy(404, None), CallFailure::NotReached("connecting".to_owned())] {
        refuses(&world, why);
        for handovers in 1..=16 {
            assert_eq!(world.hand_over(&queued, handovers).await, failed(&["0"]));
            let doubled = (1_u64 << (handovers - 1)).min(600);
            let [pause] = pauses(&world)[..] else { panic!("one pause") };
            assert!((doubled..=doubled * 3 / 2 + 1).contains(&pause), "{handovers}: {pause}");
        }
    }
    world.post.change(|posted| posted.webhooks_fail = None);
    assert_eq!(world.hand_over(&queued, 16).await, BatchAnswer::default());
    assert!(pauses(&world).is_empty());
}

#[tokio::test]
async fn a_server_may_ask_for_a_longer_pause_within_bounds() {
    let (world, _, queued) = asked().await;
    for (asks, handovers, least, most) in [(120, 1, 120, 120), (1, 8, 128, 193), (86_400, 1, 900, 900)] {
        refuses(&world, busy(503, Some(asks)));
        assert_eq!(world.hand_over(&queued, handovers).await, failed(&["0"]));
        let [pause] = pauses(&world)[..] else { panic!("one pause") };
        assert!((least..=most).contains(&pause), "{asks}: {pause}");
    }
}

#[tokio::test]
async fn a_server_that_says_gone_is_not_asked_again() {
    let (world, _, queued) = asked().await;
    refuses(&world, CallFailure::Gone);
    assert_eq!(world.hand_over(&queued, 1).await, BatchAnswer::default());
    assert!(pauses(&world).is_empty() && world.post.sent().refused == 1);
}

// B9 B12: what the queue or a store does not do leaves the message in the queue.
#[tokio::test]
async fn a_call_stays_in_the_queue_when_anything_fails() {
    let (world, _, queued) = asked().await;
    refuses(&world, busy(500, None));
    world.post.change(|posted| posted.queue_fails = true);
    assert_eq!(world.hand_over(&queued, 1).await, failed(&["0"]), "its pause could not be stored");
    world.post.change(|posted| (posted.queue_fails, posted.webhooks_fail) = (false, None));
    let calls = |answer: BatchAnswer| answer.batch_item_failures.len();
    let (mut call, mut failures) = (0, 0);
    loop {
        world.deliver.circuits.forget();
        world.memory.inject(call, saoma_memory::Fault::Refused);
        let answer = world.hand_over(&queued, 1).await;
        if world.memory.disarm() {
            break;
        }
        (call, failures) = (call + 1, failures + calls(answer));
    }
    // The client and the turn are needed; giving the turn back is not.
    assert_eq!((call, failures), (3, 2));
}

#[tokio::test]
async fn a_message_that_is_no_call_and_a_panic_fail_alone() {
    let (world, _, queued) = asked().await;
    let waiting = |message: &str, call| WaitingCall {
        message: message.to_owned(),
        receipt: message.to_owned(),
        handovers: 1,
        call,
    };
    let odd = QueuedCall { client: ClientId::parse("panics").unwrap(), ..queued[0].clone() };
    let webhook = WebhookUrl::parse("https://panics.example/in");
    Region::with(&world, "panics", |client| Client { webhook, ..client });
    let panics = Arc::new(PanicsAt("panics.example", world.post.clone()));
    let app = App { webhooks: panics, ..world.deliver.clone() };
    let unreadable = Err(StoreError::new("the message is no queued call"));
    let batch =
        vec![waiting("odd", unreadable), waiting("panic", Ok(odd)), waiting("fine", Ok(queued[0].clone()))];
    let answer = deliver::handle(&app, batch).await;
    let stay: BTreeSet<_> = answer.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
    assert_eq!(stay, ["odd", "panic"].map(str::to_owned).into());
    assert_eq!(world.post.sent().webhooks.len(), 1);
}

/// Panics over the calls to one host.
struct PanicsAt(&'static str, Arc<saoma_memory::world::Post>);

#[async_trait]
impl Webhooks for PanicsAt {
    async fn call(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallError> {
        assert_ne!(webhook.url.url().host_str(), Some(self.0), "this is the panic of a test");
        self.1.call(webhook, limit).await
    }
}

// K13
#[tokio::test]
async fn different_clients_servers_are_called_at_the_same_time() {
    let world = World::default();
    for id in ["slow", "quick"] {
        Region::registered(&world, id).ask(&world, json!({})).await;
    }
    world.stream(&world.changed()).await;
    // Each call is answered only after the other one has come. If they ran one after the other, both would hang.
    world.post.change(|posted| posted.meeting = Some(Arc::new(Barrier::new(2))));
    let told = timeout(Duration::from_secs(30), world.hand_over(&world.queued(), 1)).await;
    assert_eq!(told, Ok(BatchAnswer::default()));
    assert_eq!(world.post.sent().webhooks.len(), 2);
}

// K13
#[tokio::test]
async fn a_server_that_hangs_costs_its_other_calls_no_time() {
    let (world, _, queued) = asked().await;
    refuses(&world, CallFailure::NoAnswer);
    let batch = vec![queued[0].clone(); 10];
    assert_eq!(world.hand_over(&batch, 1).await.batch_item_failures.len(), 10, "all wait");
    assert_eq!(world.post.sent().refused, 1, "one was made");
    assert_eq!(world.hand_over(&batch, 2).await.batch_item_failures.len(), 10);
    assert_eq!(world.post.sent().refused, 1, "it rests");
    // Another instance knows it too.
    let other = App { circuits: Arc::default(), ..world.deliver.clone() };
    let waiting = WaitingCall {
        message: "0".to_owned(),
        receipt: "0".to_owned(),
        handovers: 1,
        call: Ok(queued[0].clone()),
    };
    assert_eq!(deliver::handle(&other, vec![waiting.clone()]).await, failed(&["0"]));
    assert_eq!(world.post.sent().refused, 1);
    world.clock.advance(Duration::from_secs(1));
    world.post.change(|posted| posted.webhooks_fail = None);
    assert_eq!(deliver::handle(&other, vec![waiting]).await, BatchAnswer::default());
    assert_eq!(world.hand_over(&batch, 3).await, BatchAnswer::default(), "as before");
}

/// Never answers, and counts the calls that were begun.
#[derive(Default)]
struct Hangs(AtomicUsize);

#[async_trait]
impl Webhooks for Hangs {
    async fn call(&self, _: &Webhook, _: Duration) -> Result<(), CallError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await; // others may begin now
        Err(CallError { host: "hangs.example".to_owned(), why: CallFailure::NoAnswer })
    }
}

// K13
#[tokio::test]
async fn of_a_batch_one_call_is_made_before_the_rest() {
    let (world, _, queued) = asked().await;
    let hangs = Arc::new(Hangs::default());
    let app = App { webhooks: hangs.clone(), ..world.deliver.clone() };
    let waiting = |n: u32| WaitingCall {
        message: n.to_string(),
        receipt: n.to_string(),
        handovers: 1,
        call: Ok(queued[0].clone()),
    };
    let answer = deliver::handle(&app, (0..10).map(waiting).collect()).await;
    assert_eq!(answer.batch_item_failures.len(), 10, "all wait");
    assert_eq!(hangs.0.load(Ordering::Relaxed), 1, "the rest wait for no answer");
}
