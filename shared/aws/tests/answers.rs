//! How the adapters read answers that an emulator does not give. A server of our own gives them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use aws_types::SdkConfig;
use saoma_aws::{PictureBucket, signing_secret};
use saoma_domain::{
    ports::{Pictures, StoreError},
    session::PictureName,
};

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

/// Secrets Manager with a current version, and this answer about the previous one.
async fn secret(previous: Reply) -> Result<Option<String>, StoreError> {
    let config = answering(move |asked| {
        if asked.contains("AWSPREVIOUS") {
            previous.clone()
        } else {
            ("200 OK", r#"{"SecretString": "now"}"#.to_owned())
        }
    });
    let read = signing_secret(&config, "arn:aws:secretsmanager:us-east-1:000000000000:secret:s").await?;
    assert_eq!(read.current, "now");
    Ok(read.previous)
}

fn refused(kind: &str) -> Reply {
    ("400 Bad Request", format!(r#"{{"__type": "{kind}", "message": "m"}}"#))
}

#[tokio::test]
async fn the_previous_secret_verifies_where_there_is_one() {
    let before = ("200 OK", r#"{"SecretString": "before"}"#.to_owned());
    assert_eq!(secret(before).await.unwrap(), Some("before".to_owned()));
    assert_eq!(secret(refused("ResourceNotFoundException")).await.unwrap(), None);
}

#[tokio::test]
async fn a_previous_secret_that_cannot_be_read_is_a_failure() {
    for kind in ["ThrottlingException", "InternalServiceError", "AccessDeniedException", "DecryptionFailure"]
    {
        assert!(secret(refused(kind)).await.is_err(), "{kind}");
    }
}
