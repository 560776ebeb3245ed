//! Telling screens through the WebSocket API of API Gateway, whose connections take messages at `@connections`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_apigatewaymanagement::{
    Client, config::Builder, operation::post_to_connection::PostToConnectionError, primitives::Blob,
};
use aws_types::{SdkConfig, sdk_config::RetryConfig};
use futures_util::future::join_all;
use saoma_domain::{
    identity::AccountId,
    ports::{StoreError, Tell, Watchers},
    time::Timestamp,
    watching::{WatchRef, Watcher},
};

/// All that is ever sent. It says nothing about the session.
const MESSAGE: &str = r#"{"poll": true}"#;
/// How long telling may hold up the step of a phone. It mostly takes a tenth of that.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// The longest pause before the second try.
const SOON: Duration = Duration::from_millis(10);

/// The screens that watch over sockets.
pub struct Sockets {
    client: Client,
    watchers: Arc<dyn Watchers>,
}

impl Sockets {
    /// The connections of the API whose stage is at `endpoint`, such as
    /// `https://abcdefghij.execute-api.us-east-1.amazonaws.com/v1`. Those that are closed are forgotten in `watchers`.
    #[must_use]
    pub fn new(config: &SdkConfig, endpoint: impl Into<String>, watchers: Arc<dyn Watchers>) -> Self {
        // An instance that has slept may find its kept connection closed, so there is a second try, at once.
        let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(SOON);
        let config = Builder::from(config).endpoint_url(endpoint).retry_config(retries);
        Self { client: Client::from_conf(config.build()), watchers }
    }

    async fn tell_one(
        &self,
        session: &WatchRef,
        watcher: &Watcher,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let post = self.client.post_to_connection().connection_id(watcher.connection.as_str());
        match post.data(Blob::new(MESSAGE)).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PostToConnectionError::GoneException(_)) if !watcher.is_closed_when_gone(now) => Ok(()),
                Some(PostToConnectionError::GoneException(_)) => self.watchers.forget(session, watcher).await,
                _ => Err(StoreError::at("PostToConnection", &error)),
            },
        }
    }
}

#[async_trait]
impl Tell for Sockets {
    async fn tell(&self, session: &WatchRef, watchers: &[Watcher], now: Timestamp) -> Result<(), StoreError> {
        let telling = join_all(watchers.iter().map(|watcher| self.tell_one(session, watcher, now)));
        let told = tokio::time::timeout(PATIENCE, telling).await;
        let told = told.map_err(|_| StoreError::new("PostToConnection: not done in time"))?;
        told.into_iter().collect()
    }

    async fn tell_person(&self, person: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let phones = self.watchers.phones_of(person, now).await?;
        self.tell(&WatchRef::of_person(person), &phones, now).await
    }
}
