//! Calls to clients' servers: Standard Webhooks over HTTPS.
//!
//! A server that refuses gets three attempts. A server that does not answer gets one, of five seconds, because other
//! clients wait meanwhile and the stream brings the record again later. Every attempt looks the name up, checks the
//! addresses and connects only to those (see [`crate::address`]). It follows no redirect, uses no proxy, and reads
//! only the answer's status.

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

/// The time limits and pauses of calls.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// The limit of one attempt, from looking the name up to the answer's status.
    attempt: Duration,
    /// The pauses before each attempt after the first.
    pauses: [Duration; 2],
    /// The limit of one attempt at a server that hung less than [`Pace::memory`] ago.
    once_hung: Duration,
    /// How long we remember that a server hung.
    memory: Duration,
}

/// How many addresses we remember.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(1024) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// Short enough for a prompt that lives a minute. The stream brings the record again later.
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
    /// The addresses that hung, and when. The memory is bounded and belongs to this instance alone.
    hung: Mutex<LruCache<String, Instant>>,
    /// Built when first used, because reading the system's roots would slow a start down.
    connector: OnceLock<Connector>,
}

impl HttpWebhooks {
    /// Webhooks to the public Internet, and to the own machine where `loopback_allowed` says so (local runs).
    #[must_use]
    pub fn new(loopback_allowed: bool) -> Self {
        let reach = Reach { loopback: loopback_allowed };
        let names = SharedDnsResolver::new(SystemNames);
        let hung = Mutex::new(LruCache::new(REMEMBERED));
        Self { names, reach, pace: PACE, hung, connector: OnceLock::new() }
    }

    /// The client keeps no connection open: a function sleeps between calls, and an old connection leads to an
    /// address that was checked long ago.
    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            Connector::builder()
                .pool_max_idle_per_host(0)
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_with_resolver(Names::new(self.names.clone(), self.reach))
        })
    }

    /// The time limit of this server. One that hung lately gets less.
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
            // A server that was given less time does not count as hanging again, so later it gets the full time.
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

/// Any 2xx means that the server accepted the message. A redirect is a refusal like any other.
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

    /// A failed connection may succeed later, unless we refused the address ourselves.
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

    /// The error for the log. It names the host but not the path, which may hold a secret of the client.
    fn at(self, webhook: &Webhook) -> StoreError {
        let host = webhook.url.url().host_str().unwrap_or_default();
        StoreError::new(format!("webhook to {host}: {}", self.reason))
    }
}

#[cfg(test)]
mod tests;
