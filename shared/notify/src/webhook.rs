//! Calls to clients' servers: Standard Webhooks over HTTPS.
//!
//! Three attempts at a server that refuses, one of five seconds at a server that does not answer: the
//! stream that feeds us tries again later, and others wait meanwhile. Every attempt looks the name up, checks what it found and
//! connects to exactly that (see [`crate::address`]); no redirect is followed, no proxy asked, and of
//! the answer only its status is read.

use std::{
    error::Error,
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    dns::SharedDnsResolver, http::HttpConnector, orchestrator::HttpRequest,
};
use lru::LruCache;
use saoma_domain::ports::{StoreError, Webhook, Webhooks};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    address::{Names, Reach, Refused, SystemNames},
    signature::signature,
};

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// For one attempt, from looking the name up to the answer's status.
    attempt: Duration,
    /// Before each attempt after the first.
    pauses: [Duration; 2],
    /// For one attempt at a server that hung less than [`Pace::memory`] ago.
    once_hung: Duration,
    /// How long it is remembered that a server hung.
    memory: Duration,
}

/// Addresses remembered.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(1024) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// Fast enough for a prompt that lives a minute; the stream that feeds us tries again later.
const PACE: Pace = Pace {
    attempt: Duration::from_secs(5),
    pauses: [Duration::from_millis(200), Duration::from_millis(800)],
    once_hung: Duration::from_secs(1),
    memory: Duration::from_mins(1),
};

/// Webhooks over HTTPS.
pub struct HttpWebhooks {
    names: SharedDnsResolver,
    reach: Reach,
    pace: Pace,
    /// Which addresses hung, and when: bounded, and only this instance's.
    hung: Mutex<LruCache<String, Instant>>,
    /// Built when first used: reading the system's roots is no work for a start.
    connector: OnceLock<Connector>,
}

impl HttpWebhooks {
    /// Calls the public Internet, and the own machine too where `loopback_allowed` (local runs).
    #[must_use]
    pub fn new(loopback_allowed: bool) -> Self {
        let reach = Reach { loopback: loopback_allowed };
        let names = SharedDnsResolver::new(SystemNames);
        let hung = Mutex::new(LruCache::new(REMEMBERED));
        Self { names, reach, pace: PACE, hung, connector: OnceLock::new() }
    }

    /// No connection is kept: a function sleeps between calls, and an old one has an old address.
    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            Connector::builder()
                .pool_max_idle_per_host(0)
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_with_resolver(Names::new(self.names.clone(), self.reach))
        })
    }

    /// How long this server gets, by what it did lately.
    fn patience(&self, webhook: &Webhook) -> Duration {
        let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = hung.get(webhook.url.url().as_str()).is_some_and(|at| at.elapsed() < self.pace.memory);
        if lately { self.pace.once_hung } else { self.pace.attempt }
    }

    fn remember(&self, webhook: &Webhook, hangs: bool) {
        let url = webhook.url.url().as_str();
        let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        if hangs {
            hung.put(url.to_owned(), Instant::now());
        } else {
            hung.pop(url);
        }
    }

    async fn attempt(&self, webhook: &Webhook) -> Result<(), Failure> {
        self.reach.judge(webhook.url.url()).map_err(Failure::lasting)?;
        let request = request(webhook).map_err(Failure::lasting)?;
        let patience = self.patience(webhook);
        let Ok(answer) = timeout(patience, self.connector().call(request)).await else {
            // Who was given less time has not hung again: in a while it gets all of it.
            if patience == self.pace.attempt {
                self.remember(webhook, true);
            }
            return Err(Failure::lasting("no answer in time"));
        };
        self.remember(webhook, false);
        match answer {
            Ok(answer) => taken(answer.status().as_u16()),
            Err(error) => Err(Failure::of_connection(&error)),
        }
    }
}

#[async_trait]
impl Webhooks for HttpWebhooks {
    async fn deliver(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let mut pauses = self.pace.pauses.iter();
        loop {
            let Err(failure) = self.attempt(webhook).await else { return Ok(()) };
            match pauses.next().filter(|_| failure.passing) {
                Some(pause) => sleep(*pause).await,
                None => return Err(failure.at(webhook)),
            }
        }
    }
}

/// Any 2xx: the message was taken. A redirect is a refusal like others.
fn taken(status: u16) -> Result<(), Failure> {
    let failure = format!("answered {status}");
    match status {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(Failure::passing(failure)),
        _ => Err(Failure::lasting(failure)),
    }
}

fn request(webhook: &Webhook) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let mut request = HttpRequest::new(webhook.body.as_str().into());
    request.set_method("POST")?;
    request.set_uri(webhook.url.url().as_str())?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", "application/json")?;
    headers.try_insert("user-agent", "saoma")?;
    headers.try_insert("webhook-id", webhook.id.clone())?;
    headers.try_insert("webhook-timestamp", webhook.at.secs().to_string())?;
    headers.try_insert("webhook-signature", signature(webhook))?;
    Ok(request)
}

/// Why an attempt failed.
struct Failure {
    reason: String,
    /// Whether the next attempt, a moment later, may succeed.
    passing: bool,
}

impl Failure {
    fn passing(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), passing: true }
    }

    fn lasting(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), passing: false }
    }

    /// Connections fail for the moment, unless it was we who would not have them.
    fn of_connection(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Refused>() {
                return Self::lasting(refused);
            }
            cause = error.source();
        }
        Self::passing(StoreError::at("connecting", error))
    }

    /// For the log: the host, not the path, which may hold a secret of the client's.
    fn at(self, webhook: &Webhook) -> StoreError {
        let host = webhook.url.url().host_str().unwrap_or_default();
        StoreError::new(format!("webhook to {host}: {}", self.reason))
    }
}

#[cfg(test)]
mod tests;
