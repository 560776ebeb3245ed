//! The calls to a client's server, and what happens when the server refuses them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    region::Region,
    service::{Service, eventually},
};

/// Attempts a call, calls a record: what webhook.rs and template.yaml say.
const ATTEMPTS: usize = 3 * 5;

/// A server of a client that takes nothing: the `webhook-id` of each call it was sent.
struct Broken {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Broken {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let id = refuse(stream).await;
                log.lock().unwrap().push(id);
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Answers 500; the call's id.
async fn refuse(mut stream: TcpStream) -> String {
    let (mut request, mut piece) = (String::new(), [0; 4096]);
    while !request.contains("\r\n\r\n") {
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{request}");
        request.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let answer = "HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.unwrap();
    let id = request.lines().find_map(|line| line.strip_prefix("webhook-id: "));
    id.unwrap_or_else(|| panic!("no id: {request}")).to_owned()
}

/// The records in the queue of failed deliveries.
async fn undelivered(service: &Service) -> Vec<Value> {
    let queue = json!({
        "QueueUrl": service.variable("SAOMA_NOTIFY_FAILURES"),
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
    messages.iter().map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_tried_again_and_then_it_waits_in_the_queue() {
    let service = Service::served();
    let broken = Broken::start().await;
    let region = Region::told_at(&service, Some(&broken.url)).await;
    let trace = region.asks(None).await;

    let given_up = async || {
        let waiting = undelivered(&service).await;
        let ours = |it: &Value| it["requestContext"]["condition"] == "RetryAttemptsExhausted";
        (broken.seen().len() >= ATTEMPTS && waiting.iter().any(ours)).then_some(())
    };
    eventually("its place in the queue", given_up).await;
    // More, if a call of the function was lost on the way; never fewer.
    let seen = broken.seen();
    assert!(seen.iter().all(|id| *id == seen[0]), "one event, one id: {seen:?}");
    // A client that polls gets the answer all the same.
    assert_eq!(region.first(&trace).await["eventId"], seen[0]);
}
