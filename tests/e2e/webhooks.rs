//! The calls to clients' servers: what happens when a server refuses them, hangs, or says that it has enough.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use crate::{
    region::Region,
    service::{Service, eventually},
};

/// How often a call is handed over: what the suite sets as `WebhookTries`.
const TRIES: usize = 4;
/// How often a time is taken. The pumps look for news every so often, so one time says little.
const TIMES: usize = 31;

/// A client's server: the `webhook-id` of each call it got, and when.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Server {
    /// Answers every call with this status; `None` never answers.
    async fn answering(status: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, status, log.clone()));
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }

    /// When the first call of this id came.
    async fn came(&self, id: &str) -> Instant {
        let came = async || self.seen.lock().unwrap().iter().find(|(of, _)| of == id).map(|(_, at)| *at);
        eventually("a call", came).await
    }
}

async fn answer(mut stream: TcpStream, status: Option<u16>, log: Arc<Mutex<Vec<(String, Instant)>>>) {
    let (mut request, mut piece) = (String::new(), [0; 4096]);
    while !request.contains("\r\n\r\n") {
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{request}");
        request.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let id = request.lines().find_map(|line| line.strip_prefix("webhook-id: "));
    let id = id.unwrap_or_else(|| panic!("no id: {request}")).to_owned();
    log.lock().unwrap().push((id, Instant::now()));
    match status {
        Some(status) => {
            let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        None => sleep(Duration::from_mins(5)).await,
    }
}

/// The event ids of the calls in the failure queue.
async fn failed(service: &Service) -> Vec<String> {
    let queue = json!({
        "QueueUrl": service.variable("SAOMA_CALL_FAILURES"),
        "MaxNumberOfMessages": 10,
        "VisibilityTimeout": 0,
    });
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().post(&service.emulator);
    // The emulator only checks that the request has a signature.
    let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
    let answer = answer.header("authorization", signed).header("x-amz-target", "AmazonSQS.ReceiveMessage");
    let answer = answer.header("content-type", "application/x-amz-json-1.0").body(queue.to_string());
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let call = |message: &Value| serde_json::from_str::<Value>(message["Body"].as_str().unwrap()).unwrap();
    messages.iter().map(|message| call(message)["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_tried_again_and_then_the_call_waits_in_the_failure_queue() {
    let service = Service::served();
    let broken = Server::answering(Some(500)).await;
    let region = Region::told_at(&service, Some(&broken.url)).await;
    let trace = region.asks(None).await;
    let event = region.first(&trace).await["eventId"].as_str().unwrap().to_owned();

    let given_up = async || failed(&service).await.contains(&event).then_some(());
    eventually("its place in the failure queue", given_up).await;
    // A handover whose function was not reached counts, and is no call.
    let seen = broken.seen();
    assert!((2..=TRIES).contains(&seen.len()) && seen.iter().all(|id| *id == event), "{seen:?}");
}

#[tokio::test]
async fn a_server_that_says_gone_gets_a_call_once() {
    let service = Service::served();
    let gone = Server::answering(Some(410)).await;
    let region = Region::told_at(&service, Some(&gone.url)).await;
    let trace = region.asks(None).await;
    let event = region.first(&trace).await["eventId"].as_str().unwrap().to_owned();
    gone.came(&event).await;
    sleep(Duration::from_secs(4)).await; // the second attempt would have come after one or two
    assert_eq!(gone.seen(), [event]);
}

// K13
#[tokio::test]
async fn a_server_that_hangs_delays_no_other_client() {
    let service = Service::served();
    let (hanging, healthy) = (Server::answering(None).await, Server::answering(Some(200)).await);
    let slow = Region::told_at(&service, Some(&hanging.url)).await;
    let quick = Region::told_at(&service, Some(&healthy.url)).await;
    let takes = async || {
        let mut times = Vec::new();
        for nth in 0..TIMES {
            // At no fixed distance from the pumps' looks.
            sleep(Duration::from_millis(u64::try_from(nth).unwrap() * 37 % 150)).await;
            let asked = Instant::now();
            let trace = quick.asks(None).await;
            let event = quick.first(&trace).await["eventId"].as_str().unwrap().to_owned();
            times.push(healthy.came(&event).await - asked);
        }
        times.sort();
        times
    };
    let alone = takes().await;
    // Several calls at the same moment, more than there are instances.
    for _ in 0..6 {
        slow.asks(None).await;
    }
    eventually("a call that hangs", async || (!hanging.seen().is_empty()).then_some(())).await;
    let beside = takes().await;
    // Other tests run beside this one and slow it down by turns. Alone, the medians are within 20 %.
    let most = alone[TIMES / 2] * 6 / 5 + Duration::from_millis(60);
    assert!(beside[TIMES / 2] <= most, "{beside:?} instead of {alone:?}");
    assert!(
        beside[TIMES - 1] < Duration::from_secs(3),
        "none waits for the other's five seconds: {beside:?}"
    );
}
