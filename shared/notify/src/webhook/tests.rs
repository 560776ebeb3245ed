//! Webhooks to real servers on the own machine, each in a thread.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, SharedDnsResolver};
use saoma_domain::{client::WebhookUrl, time::Timestamp};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const BROKEN: &str = "HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n";

/// A server, and the requests it got, one entry a connection.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Reads the request of each connection, and passes the n-th connection to `answer`.
    fn start(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream);
                log.lock().unwrap().push(request);
                answer(n, &mut stream);
            }
        });
        Self { port, seen }
    }

    /// Gives these answers in turn, and then repeats the last one.
    fn answering(answers: &[&str]) -> Self {
        let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
        Self::start(move |n, stream| {
            let answer = answers.get(n).or(answers.last()).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        })
    }

    fn webhook(&self, host: &str) -> Webhook {
        webhook(&format!("http://{host}:{}/hook?key=private", self.port))
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// The bytes that came until the sender paused: a request, or anything else.
fn read_request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => request.extend_from_slice(&piece[..read]),
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request);
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    header(head, "content-length").is_none_or(|length| body.len() >= length.parse().unwrap())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value))
}

fn webhook(url: &str) -> Webhook {
    Webhook {
        url: WebhookUrl::parse(url).unwrap(),
        id: "K7GQ2M.4".to_owned(),
        at: Timestamp::from_secs(1_800_000_000),
        body: r#"{"code":0}"#.to_owned(),
        keys: vec![[7; 32]],
    }
}

/// Time enough for a server that answers.
const LIMIT: Duration = Duration::from_secs(5);

/// Names that all lead to one place.
#[derive(Clone, Debug)]
struct Leads {
    to: &'static str,
    asked: Arc<AtomicUsize>,
}

impl Leads {
    fn to(to: &'static str) -> Self {
        Self { to, asked: Arc::default() }
    }
}

impl ResolveDns for Leads {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        DnsFuture::ready(Ok(vec![self.to.parse().unwrap()]))
    }
}

fn calls(loopback_allowed: bool, names: &Leads) -> HttpWebhooks {
    let names = SharedDnsResolver::new(names.clone());
    HttpWebhooks(Guarded { names, ..Guarded::new(loopback_allowed) })
}

fn local() -> HttpWebhooks {
    calls(true, &Leads::to("127.0.0.1"))
}

async fn refusal(webhooks: &HttpWebhooks, webhook: &Webhook) -> String {
    webhooks.call(webhook, LIMIT).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_message_is_posted_as_the_standard_says() {
    let server = Server::answering(&[OK]);
    let sent = server.webhook("127.0.0.1");
    local().call(&sent, LIMIT).await.unwrap();
    let seen = server.seen();
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?key=private HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
    assert_eq!(header(head, "content-type"), Some("application/json"));
    assert_eq!(header(head, "webhook-id"), Some("K7GQ2M.4"));
    assert_eq!(header(head, "webhook-timestamp"), Some("1800000000"));
    assert_eq!((body, seen.len()), (r#"{"code":0}"#, 1));
}

#[tokio::test]
async fn what_arrives_is_verified_by_the_standards_own_library() {
    let server = Server::answering(&[OK]);
    let keys = vec![[7; 32], [9; 32]];
    let sent = Webhook { at: this_moment(), keys: keys.clone(), ..server.webhook("127.0.0.1") };
    local().call(&sent, LIMIT).await.unwrap();
    let seen = server.seen();
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let verify = |key: [u8; 32], body: &str| {
        standardwebhooks::Webhook::from_bytes(key.to_vec()).unwrap().verify(body.as_bytes(), &headers)
    };
    assert!(keys.iter().all(|key| verify(*key, body).is_ok()), "{head}");
    assert!(verify([8; 32], body).is_err() && verify([7; 32], r#"{"code":1}"#).is_err());
}

/// The library takes no call that is older than five minutes.
#[expect(clippy::disallowed_methods, reason = "the library reads the system's clock too")]
fn this_moment() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_secs(since.as_secs())
}

#[tokio::test]
async fn a_name_is_looked_up_for_each_call() {
    let server = Server::answering(&[OK]);
    let names = Leads::to("127.0.0.1");
    let webhooks = calls(true, &names);
    for looked_up in 1..=3 {
        webhooks.call(&server.webhook("localhost"), LIMIT).await.unwrap();
        // H9: the name is looked up once for each connection, and the call goes to the checked address.
        assert_eq!(names.asked.load(Ordering::Relaxed), looked_up);
    }
}

#[tokio::test]
async fn a_refusal_has_its_status_and_is_one_attempt() {
    for status in ["304", "400", "401", "404", "408", "410", "429", "500", "503"] {
        let server = Server::answering(&[&BROKEN.replace("500", status)]);
        let error = refusal(&local(), &server.webhook("127.0.0.1")).await;
        assert_eq!(error, format!("webhook to 127.0.0.1: answered {status}"));
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

/// Why a server that answers like this did not take the call.
async fn why(status: &str, header: &str) -> CallFailure {
    let answer = format!("HTTP/1.1 {status} No\r\n{header}content-length: 0\r\n\r\n");
    let server = Server::answering(&[&answer]);
    local().call(&server.webhook("127.0.0.1"), LIMIT).await.unwrap_err().why
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    let refused = |status, retry_after: Option<u64>| CallFailure::Refused {
        status,
        retry_after: retry_after.map(Duration::from_secs),
    };
    assert_eq!(why("429", "retry-after: 120\r\n").await, refused(429, Some(120)));
    assert_eq!(why("503", "Retry-After:  7 \r\n").await, refused(503, Some(7)));
    // A call is sent at 2027-01-15 08:00:00 GMT here.
    assert_eq!(why("503", "retry-after: Fri, 15 Jan 2027 08:01:30 GMT\r\n").await, refused(503, Some(90)));
    for odd in ["-1", "soon", "", "1.5", "Fri, 15 Jan 2027 07:59:00 GMT"] {
        assert_eq!(why("503", &format!("retry-after: {odd}\r\n")).await, refused(503, None), "{odd}");
    }
    assert_eq!(why("500", "retry-after: 7\r\n").await, refused(500, None), "only 429 and 503 ask for it");
    assert_eq!(why("410", "").await, CallFailure::Gone);
}

#[tokio::test]
async fn a_server_that_takes_too_long_has_not_taken_it() {
    let server = Server::start(|_, stream| {
        stream.set_read_timeout(None).unwrap();
        let _ = stream.read(&mut [0]); // until they hang up
    });
    let slow = server.webhook("127.0.0.1");
    let error = local().call(&slow, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.to_string(), "webhook to 127.0.0.1: no answer in time");
    assert_eq!(error.why, CallFailure::NoAnswer);
}

#[tokio::test]
async fn a_server_that_is_down_is_not_reached() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(&local(), &webhook(&format!("http://127.0.0.1:{nobody}/"))).await;
    assert!(error.starts_with("webhook to 127.0.0.1: connecting: "), "{error}");
}

// H9
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering(&[OK]);
    for status in ["301", "302", "303", "307", "308"] {
        let answer = format!(
            "HTTP/1.1 {status} There\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.port
        );
        let server = Server::answering(&[&answer]);
        let error = refusal(&local(), &server.webhook("127.0.0.1")).await;
        assert_eq!(error, format!("webhook to 127.0.0.1: answered {status}"));
        assert_eq!(server.seen().len(), 1, "{status}");
    }
    assert!(elsewhere.seen().is_empty());
}

// H9
#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let server = Server::answering(&[OK]);
    let names = Leads::to("127.0.0.1");
    let inside = webhook(&format!("https://hooks.example:{}/", server.port));
    let error = refusal(&calls(false, &names), &inside).await;
    assert_eq!(error, "webhook to hooks.example: 127.0.0.1 is not a public address");
    assert_eq!((names.asked.load(Ordering::Relaxed), server.seen().len()), (1, 0));
    // Where the own machine is in reach, the rest of the inside is not.
    let error = refusal(&calls(true, &Leads::to("169.254.169.254")), &server.webhook("localhost")).await;
    assert_eq!(error, "webhook to localhost: 169.254.169.254 is not a public address");
}

// H9
#[tokio::test]
async fn the_own_machine_is_not_called_by_its_number() {
    let server = Server::answering(&[OK]);
    let port = server.port;
    let webhooks = calls(false, &Leads::to("8.8.8.8"));
    for host in ["127.0.0.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"] {
        let error = refusal(&webhooks, &webhook(&format!("https://{host}:{port}/"))).await;
        assert!(error.ends_with("is not a public address"), "{error}");
    }
    let error = refusal(&webhooks, &server.webhook("127.0.0.1")).await;
    assert_eq!(error, "webhook to 127.0.0.1: the address is not https");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let (ended, end) = std::sync::mpsc::channel();
    let server = Server::start(move |_, stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        while let Ok(more) = stream.write(&[b'x'; 8192]) {
            count.fetch_add(more, Ordering::Relaxed);
        }
        ended.send(()).unwrap();
    });
    local().call(&server.webhook("127.0.0.1"), LIMIT).await.unwrap();
    // The caller hung up: the server could write only what buffers hold, not the whole promised body.
    tokio::task::spawn_blocking(move || end.recv_timeout(Duration::from_secs(10))).await.unwrap().unwrap();
    assert!(written.load(Ordering::Relaxed) < 16_000_000);
}

#[test]
fn it_calls_nothing_inside_unless_told_to_and_starts_without_a_connection() {
    let webhooks = HttpWebhooks::new(false);
    assert!(!webhooks.0.reach.loopback && webhooks.0.connector.get().is_none());
}
