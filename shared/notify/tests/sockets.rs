//! What screens are told, and what becomes of connections that are closed, slow or refused. A server of our own stands
//! where API Gateway's `@connections` would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use saoma_domain::{
    identity::{AccountId, Phone, SignInId},
    ports::{Checks, Tell, Watchers},
    secrets::SessionCode,
    time::Timestamp,
    watching::{ConnectionId, PHONE_WATCHES, STILL_OPENING, WatchRef, Watcher},
};
use saoma_memory::{Memory, world::SeededRandom};
use saoma_notify::{Sockets, sockets::PATIENCE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// The requests that came, each as its first line and its body.
type Came = Arc<Mutex<Vec<(String, String)>>>;

/// An API. Its connections are named after what becomes of a message to them: `open`, `gone`, `forbidden`, `hangs`.
async fn api() -> (String, Came) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1", listener.local_addr().unwrap());
    let came = Came::default();
    let coming = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&coming)));
        }
    });
    (endpoint, came)
}

async fn answer(mut stream: TcpStream, came: Came) {
    let mut read = Vec::new();
    let whole = loop {
        stream.read_buf(&mut read).await.unwrap();
        let text = String::from_utf8(read.clone()).unwrap();
        if text.ends_with('}') {
            break text;
        }
    };
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().to_owned();
    let (status, error) = match &line {
        line if line.contains("gone") => ("410 Gone", "GoneException"),
        line if line.contains("forbidden") => ("403 Forbidden", "ForbiddenException"),
        line if line.contains("hangs") => return tokio::time::sleep(Duration::from_mins(1)).await,
        _ => ("200 OK", ""),
    };
    came.lock().unwrap().push((line, body.to_owned()));
    let answer = format!(
        "HTTP/1.1 {status}\r\nx-amzn-errortype: {error}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// When the screens began to watch.
const SINCE: Timestamp = Timestamp::from_secs(1_705_998_038);

/// A session that these connections watch, the first one the longest.
struct Watched {
    code: SessionCode,
    watchers: Vec<Watcher>,
    memory: Arc<Memory>,
    sockets: Sockets,
    came: Came,
}

impl Watched {
    async fn by(names: &[&str]) -> Self {
        let (endpoint, came) = api().await;
        let (code, memory) = (SessionCode::random(&SeededRandom::new(1)), Arc::new(Memory::default()));
        let of = |name: &&str| Watcher { connection: ConnectionId::parse(name).unwrap(), since: SINCE };
        let watchers: Vec<_> = names.iter().map(of).collect();
        for watcher in &watchers {
            memory.watch(&WatchRef::of(&code), watcher, SINCE.plus(Duration::from_mins(5))).await.unwrap();
        }
        let config = saoma_aws::connect(|name| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            _ => None,
        });
        let sockets = Sockets::new(&config.unwrap(), endpoint, memory.clone());
        Self { code, watchers, memory, sockets, came }
    }

    async fn tell(&self) -> Result<(), String> {
        self.tell_after(STILL_OPENING).await
    }

    async fn tell_after(&self, passed: Duration) -> Result<(), String> {
        let told = self.sockets.tell(&WatchRef::of(&self.code), &self.watchers, SINCE.plus(passed)).await;
        told.map_err(|error| error.to_string())
    }

    fn left(&self) -> Vec<String> {
        self.memory.watchers(&self.code).iter().map(|it| it.connection.as_str().to_owned()).collect()
    }
}

// W11
#[tokio::test]
async fn every_watcher_is_told_to_poll_and_nothing_else() {
    let watched = Watched::by(&["open1=", "open2=", "open3="]).await;
    watched.tell().await.unwrap();
    let mut came = watched.came.lock().unwrap().clone();
    came.sort();
    let told = |id: &str| {
        (format!("POST /v1/@connections/{id} HTTP/1.1").replace('@', "%40"), r#"{"poll": true}"#.to_owned())
    };
    let decoded: Vec<_> = came.iter().map(|(line, body)| (line.replace('@', "%40"), body.clone())).collect();
    assert_eq!(decoded, ["open1%3D", "open2%3D", "open3%3D"].map(told));
    assert_eq!(watched.left().len(), 3);
}

#[tokio::test]
async fn a_closed_connection_is_forgotten() {
    let watched = Watched::by(&["gone1", "open1", "gone2"]).await;
    watched.tell().await.unwrap();
    assert_eq!(watched.left(), ["open1"]);
    let phone =
        Phone { account: AccountId::parse("3000876").unwrap(), sign_in: SignInId::parse("aaaa").unwrap() };
    let read = watched.memory.phone_and_session(&phone, &watched.code).await.unwrap();
    assert_eq!(read.watchers.len(), 1, "and the next step does not find it");
}

// W11
#[tokio::test]
async fn the_phones_of_a_person_are_told_for_a_while_and_a_closed_one_is_forgotten() {
    let watched = Watched::by(&[]).await;
    let person = AccountId::parse("3000876").unwrap();
    let questions = WatchRef::of_person(person);
    for (name, since) in
        [("old", SINCE), ("gone1", SINCE.plus(STILL_OPENING)), ("open1", SINCE.plus(STILL_OPENING))]
    {
        let phone = Watcher { connection: ConnectionId::parse(name).unwrap(), since };
        watched.memory.watch(&questions, &phone, SINCE.plus(PHONE_WATCHES)).await.unwrap();
    }
    watched.sockets.tell_person(person, SINCE.plus(PHONE_WATCHES)).await.unwrap();
    let mut came: Vec<_> = watched.came.lock().unwrap().iter().map(|(line, _)| line.clone()).collect();
    came.sort();
    assert!(came.len() == 2 && came[0].contains("gone1") && came[1].contains("open1"), "{came:?}");
    let left = watched.memory.watching(&questions).await.unwrap();
    let left: Vec<_> = left.iter().map(|it| it.connection.as_str()).collect();
    assert_eq!(left, ["open1", "old"]);
    let other = AccountId::parse("3000877").unwrap();
    watched.sockets.tell_person(other, SINCE).await.unwrap();
    assert_eq!(watched.came.lock().unwrap().len(), 2, "another person's phones");
}

#[tokio::test]
async fn a_connection_that_is_opening_is_not_forgotten() {
    let watched = Watched::by(&["gone1"]).await;
    watched.tell_after(STILL_OPENING.saturating_sub(Duration::from_secs(1))).await.unwrap();
    assert_eq!(watched.left(), ["gone1"]);
}

#[tokio::test]
async fn a_screen_that_cannot_be_told_keeps_no_other_from_being_told() {
    let watched = Watched::by(&["forbidden", "open1"]).await;
    let failed = watched.tell().await.unwrap_err();
    assert!(failed.starts_with("PostToConnection"), "{failed}");
    assert_eq!(watched.came.lock().unwrap().len(), 2);
    assert_eq!(watched.left(), ["open1", "forbidden"], "it may be our right that is missing");
}

#[tokio::test]
async fn an_api_that_hangs_holds_a_step_up_for_a_fifth_of_a_second() {
    let watched = Watched::by(&["hangs", "open1"]).await;
    let began = Instant::now();
    let failed = watched.tell().await.unwrap_err();
    let took = began.elapsed();
    assert!(failed.contains("not done in time"), "{failed}");
    assert!(took >= PATIENCE && took < PATIENCE * 5, "{took:?}");
    assert_eq!(watched.came.lock().unwrap().len(), 1, "the other was told meanwhile");
}
