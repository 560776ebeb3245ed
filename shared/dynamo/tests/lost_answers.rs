//! The store contract behind a network that loses the first answer of every write.
//!
//! A proxy stands between the SDK and the emulator. It lets DynamoDB do each write and then closes the connection
//! instead of answering. The SDK makes the write again, and the store must answer as if the first answer had come:
//! the contract asserts that each write succeeded and took effect once (`docs/security.md` K12).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod emulator;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_types::SdkConfig;
use emulator::{Both, System, checks, connect, directory, sessions, variable};
use saoma_memory::contract;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The network. It counts the answers that it lost, by operation.
struct Lossy {
    config: SdkConfig,
    lost: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Lossy {
    async fn network() -> Self {
        Self::carrying(|body| body).await
    }

    /// The SDK gives a transaction a token by which DynamoDB knows it again for ten minutes. Without the token the
    /// store itself has to know its writes again.
    async fn network_without_tokens() -> Self {
        Self::carrying(|body| match serde_json::from_slice::<serde_json::Value>(&body) {
            Ok(mut request) => {
                request.as_object_mut().unwrap().remove("ClientRequestToken");
                request.to_string().into_bytes()
            }
            Err(_) => body,
        })
        .await
    }

    async fn carrying(change: fn(Vec<u8>) -> Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = connect(&format!("http://{}", listener.local_addr().unwrap()));
        let upstream = variable("SAOMA_EMULATOR").trim_start_matches("http://").to_owned();
        let lost = Arc::new(Mutex::new(BTreeMap::new()));
        let losing = Arc::clone(&lost);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, upstream.clone(), change, Arc::clone(&losing)));
            }
        });
        Self { config, lost }
    }

    /// Asserts how many answers were lost of these operations: at least so many.
    #[track_caller]
    fn lost(&self, expected: &[(&str, usize)]) {
        let lost = self.lost.lock().unwrap();
        for (operation, least) in expected {
            let count = lost.get(*operation).copied().unwrap_or_default();
            assert!(count >= *least, "{operation}: {lost:?}");
        }
    }
}

/// Carries one request, and its answer unless that is to be lost.
async fn carry(
    mut from: TcpStream,
    upstream: String,
    change: fn(Vec<u8>) -> Vec<u8>,
    lost: Arc<Mutex<BTreeMap<String, usize>>>,
) -> std::io::Result<()> {
    let (head, body) = read_request(&mut from).await?;
    let body = change(body);
    let fields = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let kept = fields.collect::<Vec<_>>().join("\r\n");
    let length = body.len();
    let mut emulator = TcpStream::connect(upstream).await?;
    let sent = format!("{kept}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    emulator.write_all(sent.as_bytes()).await?;
    emulator.write_all(&body).await?;
    let mut answer = Vec::new();
    emulator.read_to_end(&mut answer).await?;
    let target = field(&head, "x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let is_write = matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems");
    let is_first = field(&head, "amz-sdk-request").is_some_and(|attempt| attempt.starts_with("attempt=1"));
    if is_write && is_first {
        *lost.lock().unwrap().entry(operation.to_owned()).or_default() += 1;
        return Ok(());
    }
    from.write_all(&answer).await?;
    from.shutdown().await
}

/// The head of a request without its end, and its body.
async fn read_request(from: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if from.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = bytes.split_off(end + 4);
    bytes.truncate(end);
    let head = String::from_utf8(bytes).unwrap();
    let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if from.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

// K12 F2
#[tokio::test]
async fn a_session_is_created_and_each_step_committed_once() {
    let network = Lossy::network().await;
    let sessions = sessions(&network.config);
    contract::what_is_written_is_read(&*sessions, &System).await;
    contract::a_taken_code_is_left_alone(&*sessions, &System).await;
    contract::a_stale_copy_changes_nothing(&*sessions, &System).await;
    contract::a_write_that_comes_again_succeeds_again(&*sessions, &System).await;
    network.lost(&[("PutItem", 4), ("UpdateItem", 4)]);
}

// K12 B1 B2 B6
#[tokio::test]
async fn a_session_has_one_winner_a_version() {
    let network = Lossy::network().await;
    contract::one_winner_a_version(sessions(&network.config), &System, 1).await;
    network.lost(&[("UpdateItem", 3)]);
}

// K12 F1 E15
#[tokio::test]
async fn a_sign_in_begins_and_is_replaced_once() {
    let network = Lossy::network().await;
    let both = Both { directory: directory(&network.config), checks: checks(&network.config) };
    contract::a_version_of_a_sign_in_is_stored_once(Arc::new(both), &System).await;
    network.lost(&[("PutItem", 7), ("TransactWriteItems", 3)]);
}

// K12 D1
#[tokio::test]
async fn a_challenge_is_replaced_once() {
    let network = Lossy::network_without_tokens().await;
    contract::challenges_follow_one_another(directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 8)]);
}

// K12 K6
#[tokio::test]
async fn a_message_is_paid_for_once() {
    let network = Lossy::network_without_tokens().await;
    contract::a_message_is_paid_for_once_and_to_the_limit(directory(&network.config), &System).await;
    contract::a_message_that_was_not_sent_costs_nothing(&*directory(&network.config), &System).await;
    contract::a_puzzle_is_taken_once(directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 12)]);
}

// K12 K5
#[tokio::test]
async fn a_device_becomes_known_once() {
    let network = Lossy::network_without_tokens().await;
    contract::a_known_device_has_a_lane_and_ends_with_its_sign_in(directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 5)]);
}

// K12
#[tokio::test]
async fn a_person_registers_once() {
    let network = Lossy::network_without_tokens().await;
    contract::one_account_an_identity(&*directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 1)]);
}

// K12 H1
#[tokio::test]
async fn a_prompt_is_noted_once() {
    let network = Lossy::network().await;
    contract::prompts_are_counted_by_client_and_person(directory(&network.config), &System).await;
    network.lost(&[("PutItem", 4)]);
}

// K12 K13
#[tokio::test]
async fn a_turn_is_taken_once() {
    let network = Lossy::network().await;
    contract::one_instance_waits_for_a_server(directory(&network.config), &System).await;
    network.lost(&[("UpdateItem", 4)]);
}

// K12 W11
#[tokio::test]
async fn a_connection_watches_once() {
    let network = Lossy::network().await;
    let (directory, checks) = (directory(&network.config), checks(&network.config));
    contract::the_newest_three_watch(directory, &*checks, &System).await;
    network.lost(&[("UpdateItem", 16)]);
}

// K12
#[tokio::test]
async fn a_push_token_is_kept_and_let_go_once() {
    let network = Lossy::network().await;
    contract::a_push_token_has_one_owner(directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 3)]);
}

// K12
#[tokio::test]
async fn a_machine_a_pair_and_a_visit_are_kept_once() {
    let network = Lossy::network().await;
    let directory = directory(&network.config);
    contract::binding_twice_is_binding_once(&*directory, &System).await;
    contract::the_newest_pair_counts(&*directory, &System).await;
    contract::only_the_login_that_made_a_pair_ends_it(&*directory, &System).await;
    contract::a_login_is_one_visit(&*directory, &System).await;
    network.lost(&[("UpdateItem", 3)]);
}

// K12 E14
#[tokio::test]
async fn a_thing_is_used_once() {
    let network = Lossy::network().await;
    contract::a_thing_is_used_once(&*directory(&network.config), &System).await;
    network.lost(&[("PutItem", 7)]);
}

// K12
#[tokio::test]
async fn an_account_is_deleted_once() {
    let network = Lossy::network_without_tokens().await;
    contract::a_deleted_account_leaves_its_mark(&*directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 4)]);
}

// K12 D1: a count has no room for the writes that made it, so here DynamoDB itself has to know them again.
#[tokio::test]
async fn a_try_is_counted_once() {
    let network = Lossy::network().await;
    contract::tries_are_counted_to_the_limit(directory(&network.config), &System).await;
    network.lost(&[("TransactWriteItems", 12)]);
}

// K12 N8
#[tokio::test]
async fn a_key_set_is_fetched_once() {
    let network = Lossy::network().await;
    contract::one_instance_fetches_a_key_set(directory(&network.config), &System).await;
    network.lost(&[("UpdateItem", 12), ("PutItem", 4)]);
}

// K12
#[tokio::test]
async fn a_client_and_an_account_are_changed_once() {
    let network = Lossy::network_without_tokens().await;
    let directory = directory(&network.config);
    contract::a_client_is_kept_with_its_origins(&*directory, &System).await;
    contract::an_account_is_locked_and_reset(&*directory, &System).await;
    contract::a_machine_is_enrolled_until_it_is_removed(&*directory, &System).await;
    network.lost(&[("TransactWriteItems", 6), ("UpdateItem", 8), ("PutItem", 5)]);
}
