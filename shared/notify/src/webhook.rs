//! Calls to clients' servers: Standard Webhooks over HTTPS.
//!
//! Each call is one attempt; the caller decides whether and when the next one is made. It goes through the guarded client
//! (see `guarded`), and reads only the answer's status and its `Retry-After`.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use saoma_domain::{
    ports::{CallError, CallFailure, Webhook, Webhooks},
    time::Timestamp,
};

use crate::{
    guarded::{Guarded, NoAnswer},
    signature::signature,
};

/// Webhooks over HTTPS.
pub struct HttpWebhooks(Guarded);

impl HttpWebhooks {
    /// Webhooks to the public Internet, and to the own machine where `loopback_allowed` says so (local runs).
    #[must_use]
    pub fn new(loopback_allowed: bool) -> Self {
        Self(Guarded::new(loopback_allowed))
    }

    async fn attempt(&self, webhook: &Webhook, limit: Duration) -> Result<(), CallFailure> {
        let request = request(webhook).map_err(|why| CallFailure::NotAllowed(why.to_string()))?;
        let read = |answer| std::future::ready(taken(&answer, webhook.at));
        self.0.call(webhook.url.url(), request, limit, read).await.map_err(failed)?
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

fn failed(why: NoAnswer) -> CallFailure {
    match why {
        NoAnswer::NotAllowed(why) => CallFailure::NotAllowed(why),
        NoAnswer::NotReached(why) => CallFailure::NotReached(why),
        NoAnswer::TooLate => CallFailure::NoAnswer,
    }
}

#[cfg(test)]
mod tests;
