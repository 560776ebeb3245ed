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

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
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

/// Hardly any pause, so that tests are quick.
const HASTE: Pace = Pace { pauses: [Duration::from_millis(5), Duration::from_millis(5)], ..PACE };

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
    HttpWebhooks {
        names: SharedDnsResolver::new(names.clone()),
        pace: HASTE,
        ..HttpWebhooks::new(loopback_allowed)
    }
}

fn local() -> HttpWebhooks {
    calls(true, &Leads::to("127.0.0.1"))
}

async fn refusal(webhooks: &HttpWebhooks, webhook: &Webhook) -> String {
    webhooks.deliver(webhook).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_message_is_posted_as_the_standard_says() {
    let server = Server::answering(&[OK]);
    let sent = server.webhook("127.0.0.1");
    local().deliver(&sent).await.unwrap();
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
    local().deliver(&sent).await.unwrap();
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
async fn what_may_pass_is_tried_three_times_as_one_message() {
    let server = Server::answering(&[BROKEN, BROKEN, OK]);
    let names = Leads::to("127.0.0.1");
    calls(true, &names).deliver(&server.webhook("localhost")).await.unwrap();
    let ids: Vec<_> =
        server.seen().iter().map(|seen| header(seen, "webhook-id") == Some("K7GQ2M.4")).collect();
    assert_eq!(ids, [true, true, true]);
    // H9: the name is looked up once for each connection, and the call goes to the checked address.
    assert_eq!(names.asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn after_three_attempts_it_has_failed() {
    for status in ["500", "503", "408", "429"] {
        let server = Server::answering(&[&BROKEN.replace("500", status)]);
        let error = refusal(&local(), &server.webhook("127.0.0.1")).await;
        assert_eq!(error, format!("webhook to 127.0.0.1: answered {status}"));
        assert_eq!(server.seen().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_argued_with() {
    for status in ["304", "400", "401", "404", "410"] {
        let server = Server::answering(&[&BROKEN.replace("500", status)]);
        let error = refusal(&local(), &server.webhook("127.0.0.1")).await;
        assert_eq!(error, format!("webhook to 127.0.0.1: answered {status}"));
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_takes_too_long_has_not_taken_it() {
    let server = Server::start(|_, stream| {
        stream.set_read_timeout(None).unwrap();
        let _ = stream.read(&mut [0]); // until they hang up
    });
    let mut webhooks = local();
    webhooks.pace.attempt = Duration::from_millis(300);
    let slow = server.webhook("127.0.0.1");
    let error = timeout(Duration::from_secs(5), refusal(&webhooks, &slow)).await.unwrap();
    assert_eq!(error, "webhook to 127.0.0.1: no answer in time");
    assert_eq!(server.seen().len(), 1, "others wait meanwhile");
}

#[tokio::test]
async fn a_server_that_hung_gets_less_time_until_it_answers() {
    let server = Server::start(|n, stream| {
        let time = if n == 1 { 0 } else { 400 };
        thread::sleep(Duration::from_millis(time));
        let _ = stream.write_all(OK.as_bytes());
    });
    let mut webhooks = local();
    (webhooks.pace.attempt, webhooks.pace.once_hung) = (Duration::from_secs(2), Duration::from_millis(100));
    let sent = server.webhook("127.0.0.1");
    webhooks.deliver(&sent).await.unwrap();
    webhooks.remember(&sent, true);
    webhooks.deliver(&sent).await.unwrap(); // at once, and forgiven
    webhooks.deliver(&sent).await.unwrap();
    webhooks.remember(&sent, true);
    webhooks.pace.memory = Duration::from_millis(300);
    assert_eq!(refusal(&webhooks, &sent).await, "webhook to 127.0.0.1: no answer in time");
    sleep(Duration::from_millis(250)).await;
    webhooks.deliver(&sent).await.unwrap(); // it has not hung since it was remembered
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_again() {
    let server = Server::start(|n, stream| {
        if n == 1 {
            stream.write_all(OK.as_bytes()).unwrap();
        }
    });
    local().deliver(&server.webhook("127.0.0.1")).await.unwrap();
    assert_eq!(server.seen().len(), 2);
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
    local().deliver(&server.webhook("127.0.0.1")).await.unwrap();
    // The caller hung up: the server could write only what buffers hold, not the whole promised body.
    tokio::task::spawn_blocking(move || end.recv_timeout(Duration::from_secs(10))).await.unwrap().unwrap();
    assert!(written.load(Ordering::Relaxed) < 16_000_000);
}

#[test]
fn the_pace_is_the_one_written_down() {
    let webhooks = HttpWebhooks::new(false);
    assert_eq!(webhooks.pace.attempt, Duration::from_secs(5));
    assert_eq!(webhooks.pace.once_hung, Duration::from_secs(1));
    assert!(!webhooks.reach.loopback && webhooks.connector.get().is_none());
}
