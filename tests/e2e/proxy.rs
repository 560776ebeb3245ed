//! A proxy between a browser and the service that spoils chosen answers, as a bad network does.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::service::Service;

/// Decides what happens to an answer, from the first line of its request and how often that came before.
type Spoil = dyn Fn(&str, usize, Vec<u8>) -> Spoilt + Send + Sync;

/// What the browser gets.
pub(crate) struct Spoilt {
    bytes: Vec<u8>,
    /// Whether the connection then stays open, although nothing more comes.
    stalls: bool,
}

impl From<Vec<u8>> for Spoilt {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, stalls: false }
    }
}

/// A proxy of its own, which ends with the test.
pub(crate) struct Proxy {
    /// Where it listens, without a trailing slash.
    pub(crate) url: String,
    spoilt: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Proxy {
    /// Passes everything on unchanged, except requests that begin with `prefix`: `spoil` gets their answers and their
    /// number, from 0.
    pub(crate) async fn before<S: Into<Spoilt>>(
        service: &Service,
        prefix: &'static str,
        spoil: impl Fn(usize, Vec<u8>) -> S + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let upstream = service.url.trim_start_matches("http://").to_owned();
        let spoilt = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&spoilt);
        let spoil: Arc<Spoil> =
            Arc::new(
                move |line, number, answer| {
                    if line.starts_with(prefix) { spoil(number, answer).into() } else { answer.into() }
                },
            );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (upstream, spoil, seen) = (upstream.clone(), Arc::clone(&spoil), Arc::clone(&seen));
                tokio::spawn(async move {
                    let request = read_request(stream).await?;
                    let line = request.text.lines().next()?.to_owned();
                    let mut number = 0;
                    if line.starts_with(prefix) {
                        let mut seen = seen.lock().unwrap();
                        number = seen.len();
                        seen.push(request.body.clone());
                    }
                    let answer = forward(&upstream, &request).await?;
                    let mut stream = request.stream;
                    let spoilt = spoil(&line, number, answer);
                    stream.write_all(&spoilt.bytes).await.ok()?;
                    if spoilt.stalls {
                        std::future::pending::<()>().await; // until the test ends
                    }
                    stream.shutdown().await.ok()
                });
            }
        });
        Self { url, spoilt }
    }

    /// How many requests began with the prefix.
    pub(crate) fn count(&self) -> usize {
        self.spoilt.lock().unwrap().len()
    }

    /// The bodies of those requests.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let bodies = self.spoilt.lock().unwrap();
        bodies.iter().map(|body| serde_json::from_slice(body).unwrap()).collect()
    }
}

/// Sends the whole head and only half of the announced body.
pub(crate) fn without_its_body(answer: &[u8]) -> Vec<u8> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    answer[..head + (answer.len() - head) / 2].to_vec()
}

/// The same, and after that the connection stays open.
pub(crate) fn stalling(answer: &[u8]) -> Spoilt {
    Spoilt { bytes: without_its_body(answer), stalls: true }
}

/// The JSON object in an answer.
pub(crate) fn json_of(answer: &[u8]) -> Value {
    let text = std::str::from_utf8(answer).unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    // A body that travels in chunks has their lengths around it.
    serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap()
}

/// What API Gateway answers itself with this status (`docs/architecture.md`): not our shape, and no CORS header.
pub(crate) fn of_the_gateway(status: &str) -> Vec<u8> {
    let message = status.split_once(' ').unwrap().1;
    whole(status, "", &json!({"message": message}))
}

/// A whole answer of this status, with this JSON, which pages of any site may read.
pub(crate) fn instead(status: &str, body: &Value) -> Vec<u8> {
    whole(status, "access-control-allow-origin: *\r\n", body)
}

fn whole(status: &str, fields: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{fields}");
    format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

struct Request {
    stream: TcpStream,
    /// The head, one request a connection, and no compression.
    text: String,
    body: Vec<u8>,
}

async fn read_request(mut stream: TcpStream) -> Option<Request> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; 16 * 1024]);
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
    };
    let mut body = bytes.split_off(head + 4);
    let text = String::from_utf8(bytes).ok()?;
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while body.len() < length {
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&part[..read]);
    }
    let dropped = ["connection:", "accept-encoding:"];
    let kept = text
        .trim_end()
        .lines()
        .filter(|line| !dropped.iter().any(|name| line.to_ascii_lowercase().starts_with(name)));
    let text = kept.collect::<Vec<_>>().join("\r\n") + "\r\nconnection: close\r\n\r\n";
    Some(Request { stream, text, body })
}

async fn forward(upstream: &str, request: &Request) -> Option<Vec<u8>> {
    let mut service = TcpStream::connect(upstream).await.ok()?;
    service.write_all(request.text.as_bytes()).await.ok()?;
    service.write_all(&request.body).await.ok()?;
    let mut answer = Vec::new();
    service.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}
