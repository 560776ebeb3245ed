//! From `main` to the first request.

use std::{error::Error, fmt, sync::Arc};

use axum::Router;
use saoma_domain::{client::WebhookUrl, identity::ClientId, ports::Clients};
use saoma_tokens::Keys;

use crate::{
    Environment, Service, Settings,
    system::{SystemClock, SystemRandom},
    telemetry,
};

/// Anything that keeps a function from starting, with its causes. What `main` returns is printed as
/// `Debug`, so this says it in words (ADVERSARIES J7).
pub struct StartError(Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl StartError {
    /// The Lambda runtime could not be reached, by a function that is not HTTP.
    #[must_use]
    pub fn at_runtime(error: lambda_http::Error) -> Self {
        Self(error)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function refuses to start: {}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Starts the log and reads the environment. The first thing a `main` does.
#[must_use]
pub fn environment() -> Environment {
    let environment = Environment::of_process();
    telemetry::init(environment.get("RUST_LOG").as_deref());
    environment
}

/// The service around a deployment's secret, with the real clock and randomness.
///
/// # Errors
/// What keeps the function from starting.
pub fn service(
    environment: &Environment,
    secret: &str,
    previous: Option<&str>,
) -> Result<Service, StartError> {
    let settings = Settings::read(environment)?;
    let keys = Keys::derive(secret, previous)?;
    Ok(Service::new(settings, keys, Arc::new(SystemClock), Arc::new(SystemRandom)))
}

/// The client that messages and pushes are handed to, where SNS has neither.
pub struct MessageClient {
    /// Its server.
    pub url: WebhookUrl,
    /// What calls to it are signed with.
    pub keys: Vec<[u8; 32]>,
}

/// Why messages cannot be handed to whom they should be.
#[derive(Debug, thiserror::Error)]
#[error("MESSAGE_CLIENT is {0:?}, which is no registered client with a webhook")]
pub struct NoSuchMessageClient(String);

/// `MESSAGE_CLIENT`: for AWS China, which has neither SMS nor mobile push.
///
/// # Errors
/// When it is set and names no client that has a webhook.
pub async fn message_client(
    environment: &Environment,
    service: &Service,
    clients: &dyn Clients,
) -> Result<Option<MessageClient>, StartError> {
    let Some(named) = environment.get("MESSAGE_CLIENT") else { return Ok(None) };
    let client = match ClientId::parse(&named) {
        Some(id) => clients.client(&id).await?,
        None => None,
    };
    let found = client.and_then(|client| {
        let keys = service.keys.webhook_keys(&client.id);
        client.webhook.map(|url| MessageClient { url, keys })
    });
    found.map(Some).ok_or_else(|| NoSuchMessageClient(named).into())
}

/// Serves a function's router to the Lambda runtime, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), StartError> {
    lambda_http::run(router).await.map_err(StartError::at_runtime)
}
