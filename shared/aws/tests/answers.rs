//! How the adapters read answers that an emulator does not give. A server of our own gives them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use aws_types::SdkConfig;
use saoma_aws::{PictureBucket, SecretsManager};
use saoma_domain::{
    ports::{KeyStage, KeyStages, Pictures, SecretVersion, SigningSecrets, StoreError, Tries},
    session::PictureName,
    sms_budget::{Charge, CountKey},
    time::Timestamp,
};
use saoma_dynamo::Directory;

/// A status line and a body.
type Reply = (&'static str, String);

/// A server in place of AWS. It passes each request's body to `answer`.
fn answering(answer: impl Fn(&str) -> Reply + Send + 'static) -> SdkConfig {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (status, body) = answer(&read_body(&mut stream));
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}", body.len());
            let _ = write!(stream, "{head}\r\n\r\n{body}");
        }
    });
    saoma_aws::connect(|name| match name {
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    })
    .unwrap()
}

fn read_body(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

async fn picture(status: &'static str, code: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let error = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
    let config = answering(move |_| (status, error.clone()));
    let name = PictureName::parse("6dc5ba4732e25aef34d35f259e85685d.png").unwrap();
    PictureBucket::new(&config, "pictures").get(&name).await
}

#[tokio::test]
async fn a_picture_that_s3_denies_is_missing() {
    assert_eq!(picture("403 Forbidden", "AccessDenied").await.unwrap(), None);
    assert_eq!(picture("404 Not Found", "NoSuchKey").await.unwrap(), None);
}

#[tokio::test]
async fn what_keeps_s3_from_answering_is_a_failure() {
    for (status, code) in [
        ("403 Forbidden", "InvalidAccessKeyId"),
        ("403 Forbidden", "RequestTimeTooSkewed"),
        ("404 Not Found", "NoSuchBucket"),
        ("400 Bad Request", "InvalidRequest"),
    ] {
        assert!(picture(status, code).await.is_err(), "{code}");
    }
}

/// A version of the secret, as Secrets Manager gives it.
fn version(id: &str) -> Reply {
    (
        "200 OK",
        format!(r#"{{"SecretString": "text of {id}", "VersionId": "{id}", "CreatedDate": 1705998038.25}}"#),
    )
}

fn refused(kind: &str) -> Reply {
    ("400 Bad Request", format!(r#"{{"__type": "{kind}", "message": "m"}}"#))
}

/// Secrets Manager with these answers about the current, the pending and the previous version.
fn secret(current: Reply, pending: Reply, previous: Reply) -> SecretsManager {
    let config = answering(move |asked| match asked {
        _ if asked.contains("AWSPREVIOUS") => previous.clone(),
        _ if asked.contains("AWSPENDING") => pending.clone(),
        _ => current.clone(),
    });
    SecretsManager::new(&config, "arn:aws:secretsmanager:us-east-1:000000000000:secret:s".to_owned())
}

fn none() -> Reply {
    refused("ResourceNotFoundException")
}

fn id(version: Option<SecretVersion>) -> Option<String> {
    version.map(|version| version.id)
}

// E13
#[tokio::test]
async fn the_secret_is_read_by_its_stages() {
    let read = secret(version("now"), none(), none()).read().await.unwrap();
    assert_eq!((read.current.text.as_str(), read.current.made_at.secs()), ("text of now", 1_705_998_038));
    assert_eq!((id(read.pending), id(read.previous)), (None, None));
    let read = secret(version("now"), version("next"), version("before")).read().await.unwrap();
    assert_eq!((id(read.pending), id(read.previous)), (Some("next".to_owned()), Some("before".to_owned())));
}

/// Secrets Manager leaves the label of a pending version where it was when that version becomes current.
#[tokio::test]
async fn a_version_that_was_promoted_is_not_pending() {
    let read = secret(version("now"), version("now"), version("before")).read().await.unwrap();
    assert_eq!((id(read.pending), id(read.previous)), (None, Some("before".to_owned())));
}

/// A promotion that comes between two reads may give one version at two stages.
#[tokio::test]
async fn no_version_has_two_stages() {
    let read = secret(version("now"), version("next"), version("now")).read().await.unwrap();
    assert_eq!((id(read.pending), id(read.previous)), (Some("next".to_owned()), None));
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_a_failure() {
    for kind in ["ThrottlingException", "InternalServiceError", "AccessDeniedException", "DecryptionFailure"]
    {
        assert!(secret(version("now"), none(), refused(kind)).read().await.is_err(), "{kind}");
        assert!(secret(version("now"), refused(kind), none()).read().await.is_err(), "{kind}");
        assert!(secret(refused(kind), none(), none()).read().await.is_err(), "{kind}");
    }
    assert!(secret(none(), none(), none()).read().await.is_err(), "no current version");
}

/// Secrets Manager refuses a move that was made already: its first answer was lost.
#[tokio::test]
async fn a_move_whose_answer_was_lost_is_a_success() {
    let moved = |current: &'static str, previous: Reply| {
        let config = answering(move |asked| match asked {
            _ if asked.contains("VersionId") => refused("InvalidParameterException"),
            _ if asked.contains("AWSPREVIOUS") => previous.clone(),
            _ => version(current),
        });
        SecretsManager::new(&config, "arn:aws:secretsmanager:us-east-1:000000000000:secret:s".to_owned())
    };
    assert!(moved("next", none()).promote("next", "now").await.is_ok());
    assert!(moved("now", none()).promote("next", "now").await.is_err(), "it was not made");
    assert!(moved("next", none()).remove(KeyStage::Previous, "now").await.is_ok());
    let still = moved("next", version("now")).remove(KeyStage::Previous, "now").await;
    assert!(still.is_err(), "the leaked version still counts");
}

/// Two tries are counted by a store that cancels each transaction for these reasons. Also how often it was asked.
async fn cancelled_for(reasons: [&'static str; 2]) -> (Result<bool, StoreError>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let config = answering(move |_| {
        counts.fetch_add(1, Ordering::Relaxed);
        let [first, second] = reasons.map(|code| format!(r#"{{"Code": "{code}", "Message": "m"}}"#));
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        let body =
            format!(r#"{{"__type": "{kind}", "message": "m", "CancellationReasons": [{first}, {second}]}}"#);
        ("400 Bad Request", body)
    });
    let count = |name: &str| Charge::Count {
        key: CountKey(name.to_owned()),
        by: 1,
        limit: 3,
        until: Timestamp::from_millis(1_705_998_038_000),
    };
    let taken = Directory::new(&config, "directory".to_owned()).take(&[count("own"), count("near")]).await;
    (taken, asked.load(Ordering::Relaxed))
}

/// DynamoDB also cancels a transaction that it throttles. A caller who took that for a condition that does not hold would
/// refuse a person for good.
#[tokio::test]
async fn a_transaction_that_is_throttled_is_a_failure_and_no_condition() {
    let (held, asked) = cancelled_for(["None", "ConditionalCheckFailed"]).await;
    assert_eq!((held.unwrap(), asked), (false, 1));
    for throttled in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
        for reasons in [["None", throttled], ["ConditionalCheckFailed", throttled]] {
            let (failed, _) = cancelled_for(reasons).await;
            assert!(failed.unwrap_err().to_string().contains(throttled), "{reasons:?}");
        }
    }
    let (in_the_way, asked) = cancelled_for(["None", "TransactionConflict"]).await;
    assert!(in_the_way.is_err(), "it was in the way again and again");
    assert_eq!(asked, 10, "and was tried again");
}
