//! Two minutes of a queue, with a server that hangs and one that does not (K13).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use acceptance::World;
use async_trait::async_trait;
use deliver::App;
use saoma_app::Service;
use saoma_domain::{
    client::{Client, WebhookUrl},
    identity::ClientId,
    ports::{
        CallError, CallFailure, Clock, Postpone, QueuedCall, StoreError, WaitingCall, Webhook, Webhooks,
    },
    time::Timestamp,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::remembered::Region;

/// The clock of tokio, which a test pauses.
struct Ticking(Instant);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000).plus(self.0.elapsed())
    }
}

/// How long a healthy server takes.
const HEALTHY: Duration = Duration::from_millis(100);

/// A queue, its instances, a server that answers and some that never do.
struct Street {
    /// When a message shows, how often it was handed over, and the call.
    queue: Mutex<Vec<(Instant, u32, QueuedCall)>>,
    /// The ids that the healthy server got, and when.
    told: Mutex<Vec<(String, Instant)>>,
    /// What the servers that hang cost: the time that instances waited for them.
    waited: Mutex<Duration>,
}

#[async_trait]
impl Webhooks for Street {
    async fn call(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallError> {
        if webhook.url.url().host_str() == Some("hangs.example") {
            sleep(limit).await;
            *self.waited.lock().unwrap() += limit;
            return Err(CallError { host: "hangs.example".to_owned(), why: CallFailure::NoAnswer });
        }
        sleep(HEALTHY).await;
        self.told.lock().unwrap().push((webhook.id.clone(), Instant::now()));
        Ok(())
    }
}

#[async_trait]
impl Postpone for Street {
    async fn postpone(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        let mut queue = self.queue.lock().unwrap();
        let message = queue.iter_mut().find(|(_, _, call)| call.id == receipt);
        message.unwrap().0 = Instant::now() + pause;
        Ok(())
    }
}

impl Street {
    fn put(&self, client: &str, id: String) {
        let client = ClientId::parse(client).unwrap();
        let (at, body) = (Timestamp::from_secs(1_800_000_000), "{}".to_owned());
        let call = QueuedCall { client, id, at, body, ticket_of: None };
        self.queue.lock().unwrap().push((Instant::now(), 0, call));
    }

    /// Takes up to ten messages, as SQS hands them over: hidden for two minutes.
    fn take(&self) -> Vec<WaitingCall> {
        let now = Instant::now();
        let mut queue = self.queue.lock().unwrap();
        let shown = queue.iter_mut().filter(|(shows, _, _)| *shows <= now).take(10);
        let taken = shown.map(|(shows, handovers, call)| {
            (*shows, *handovers) = (now + Duration::from_mins(2), *handovers + 1);
            let id = call.id.clone();
            WaitingCall { message: id.clone(), receipt: id, handovers: *handovers, call: Ok(call.clone()) }
        });
        taken.collect()
    }

    /// One instance, as long as it is called.
    async fn work(self: Arc<Self>, app: App) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                sleep(Duration::from_millis(1)).await;
                continue;
            }
            let ids: Vec<String> = batch.iter().map(|call| call.message.clone()).collect();
            let answer = deliver::handle(&app, batch).await;
            let stay: Vec<String> =
                answer.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
            let mut queue = self.queue.lock().unwrap();
            queue.retain(|(_, _, call)| !ids.contains(&call.id) || stay.contains(&call.id));
        }
    }
}

/// Two minutes of two instances, with two messages a second for a healthy server and as many for one that hangs, if
/// there is one. Returns the longest time from the queue to the healthy server, and the time lost to the other.
async fn longest(with_a_server_that_hangs: bool) -> (Duration, Duration) {
    let world = World::default();
    for (id, url) in [("healthy", "https://healthy.example/in"), ("hangs", "https://hangs.example/in")] {
        Region::with(&world, id, |client| Client { webhook: WebhookUrl::parse(url), ..client });
    }
    let street =
        Arc::new(Street { queue: Mutex::default(), told: Mutex::default(), waited: Mutex::default() });
    let service = Service { clock: Arc::new(Ticking(Instant::now())), ..world.service.clone() };
    let mut instances = JoinSet::new();
    for _ in 0..2 {
        let (queue, webhooks) = (street.clone(), street.clone());
        let (service, circuits) = (service.clone(), Arc::default());
        let app = App { service, queue, webhooks, circuits, ..world.deliver.clone() };
        instances.spawn(street.clone().work(app));
    }
    let mut put = Vec::new();
    for n in 0..240 {
        if with_a_server_that_hangs {
            street.put("hangs", format!("hangs.{n}"));
        }
        sleep(Duration::from_millis(20)).await; // the instance that took that one is waiting now
        street.put("healthy", format!("healthy.{n}"));
        put.push((format!("healthy.{n}"), Instant::now()));
        sleep(Duration::from_millis(480)).await;
    }
    sleep(Duration::from_secs(10)).await;
    instances.shutdown().await;
    let told = street.told.lock().unwrap();
    let took = put.iter().map(|(id, put)| {
        let told = told.iter().find(|(of, _)| of == id).map(|(_, at)| *at);
        told.unwrap_or_else(|| panic!("{id} was never told")) - *put
    });
    (took.max().unwrap(), *street.waited.lock().unwrap())
}

// K13: one client's server hangs, and the other's webhook takes as long as before, within 20 %, the very first one too.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_delays_no_other_client() {
    let (alone, _) = longest(false).await;
    let (beside, waited) = longest(true).await;
    assert!(alone >= HEALTHY && beside <= alone * 6 / 5, "{alone:?} alone, {beside:?} beside one that hangs");
    // The full time at first, then a second three times, less and less often, and the full time once more.
    assert_eq!(waited.as_secs(), 5 + 1 + 1 + 1 + 5);
}
