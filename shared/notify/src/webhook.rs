//! Calls to clients' servers: Standard Webhooks over HTTPS.
//!
//! Each call is one attempt; the caller decides whether and when the next one is made. Every attempt looks the name up,
//! checks the addresses and connects only to those (see [`crate::address`]). It follows no redirect, uses no proxy, and
//! reads only the answer's status and its `Retry-After`.

use std::{error::Error, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    dns::SharedDnsResolver,
    http::HttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
};
use saoma_domain::{
    ports::{CallError, CallFailure, StoreError, Webhook, Webhooks},
    time::Timestamp,
};
use tokio::time::timeout;

use crate::{
    address::{Names, Reach, Refused, SystemNames},
    signature::signature,
};

/// Webhooks over HTTPS.
pub struct HttpWebhooks {
    names: SharedDnsResolver,
    reach: Reach,
    /// Built when first used, because reading the system's roots would slow a start down.
    connector: OnceLock<Connector>,
}

impl HttpWebhooks {
    /// Webhooks to the public Internet, and to the own machine where `loopback_allowed` says so (local runs).
    #[must_use]
    pub fn new(loopback_allowed: bool) -> Self {
        let reach = Reach { loopback: loopback_allowed };
        Self { names: SharedDnsResolver::new(SystemNames), reach, connector: OnceLock::new() }
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

    async fn attempt(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallFailure> {
        self.reach.judge(webhook.url.url()).map_err(|why| not_allowed(&why))?;
        let request = request(webhook).map_err(|why| not_allowed(&why))?;
        match timeout(limit, self.connector().call(request)).await {
            Ok(Ok(answer)) => taken(&answer, webhook.at),
            Ok(Err(error)) => Err(not_connected(&error)),
            Err(_) => Err(CallFailure::NoAnswer),
        }
    }
}

#[async_trait]
impl Webhooks for HttpWebhooks {
    async fn call(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallError> {
        let host = || webhook.url.url().host_str().unwrap_or_default().to_owned();
        self.attempt(webhook, limit).await.map_err(|why| CallError { host: host(), why })
    }
}

/// Any 2xx means that the server accepted the message. A redirect is a refusal like any other.
fn taken(answer: &HttpResponse, now: Timestamp) -> Result<(), CallFailure> {
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        410 => Err(CallFailure::Gone),
        status @ (429 | 503) => {
            let asked = answer.headers().get("retry-after");
            Err(CallFailure::Refused { status, retry_after: asked.and_then(|text| wait(text, now)) })
        }
        status => Err(CallFailure::Refused { status, retry_after: None }),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3). `None` when it is neither, or over already.
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp().as_second();
    let wait = Timestamp::from_secs(u64::try_from(date).ok()?).since(now);
    Some(wait).filter(|wait| !wait.is_zero())
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

fn not_allowed(why: &impl ToString) -> CallFailure {
    CallFailure::NotAllowed(why.to_string())
}

/// A failed connection, unless we refused the address ourselves.
fn not_connected(error: &(dyn Error + 'static)) -> CallFailure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return not_allowed(refused);
        }
        cause = error.source();
    }
    CallFailure::NotReached(StoreError::at("connecting", error).to_string())
}

#[cfg(test)]
mod tests;
