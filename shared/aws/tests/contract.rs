//! The signing secret in Secrets Manager against the contract, over the real API: `make test` starts an emulator and
//! names it in `SAOMA_EMULATOR`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use aws_sdk_secretsmanager::Client;
use saoma_aws::SecretsManager;
use saoma_domain::{client::Registration, ports::Randomness};
use saoma_memory::contract;

/// Real randomness: the emulator's secrets outlive a test.
struct System;

impl Randomness for System {
    #[expect(clippy::disallowed_methods, reason = "secrets of other tests must not be met again")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "where the emulator is comes from `make test`")]
fn emulator() -> String {
    std::env::var("SAOMA_EMULATOR")
        .unwrap_or_else(|_| panic!("SAOMA_EMULATOR is not set: run this through `make test`"))
}

/// A secret of its own for each test, made with this text or without a value.
async fn secret(text: Option<&str>) -> SecretsManager {
    let config = saoma_aws::connect(|name| match name {
        "AWS_ENDPOINT_URL" => Some(emulator()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    })
    .unwrap();
    let name = format!("contract-{}", Registration::random(&System).as_str());
    let made = Client::new(&config).create_secret().name(name).set_secret_string(text.map(str::to_owned));
    let arn = made.send().await.unwrap().arn.unwrap();
    SecretsManager::new(&config, arn)
}

// E13 K9
#[tokio::test]
async fn a_secret_is_rotated_and_dropped() {
    contract::a_secret_is_rotated_and_dropped(&secret(Some("the first text")).await, &System).await;
}

// E13
#[tokio::test]
async fn an_empty_secret_gets_its_first_version() {
    contract::an_empty_secret_gets_its_first_version(&secret(None).await, &System).await;
}
