//! What is counted for operators: one line a count, in CloudWatch's embedded metric format.
//!
//! CloudWatch reads the lines out of the log, so a count takes no call, no right and no time of a request. The lines have
//! no level, which Lambda takes for INFO. The dashboard and the alarms of `template.yaml` name these metrics.

use std::{io::Write, sync::Arc, time::Duration};

use async_trait::async_trait;
use saoma_domain::{
    identity::PhoneNumber,
    ports::{Clock, Sms, SmsError},
    time::Timestamp,
};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Saoma";
/// The dimension that tells the deployments of one account apart.
const STACK: &str = "Stack";
/// The dimension of [`Metric::SessionsCancelled`] and [`Metric::SmsRefused`]: why.
const REASON: &str = "Reason";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
pub enum Metric {
    /// A session was opened: a QR was shown, or a person was asked.
    SessionsOpened,
    /// A phone scanned.
    SessionsScanned,
    /// A person agreed.
    SessionsConfirmed,
    /// A screen took its token.
    SessionsRedeemed,
    /// A session ended without a token.
    SessionsCancelled,
    /// Seconds from the opening of a session to its confirmation.
    SecondsToConfirm,
    /// A message with a code was handed over to be sent.
    SmsSent,
    /// No message was sent to a caller that asked for one.
    SmsRefused,
    /// A wrong code was tried.
    WrongCodes,
    /// A caller solved a puzzle.
    PuzzlesSolved,
    /// A budget of text messages has reached its soft limit.
    SmsBudgetReached,
    /// A call to a client's server failed.
    WebhookFailures,
    /// Seconds for which a socket was open. API Gateway bills them, and does not count them.
    SocketSeconds,
}

impl Metric {
    /// Every metric.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::SecondsToConfirm | Self::SocketSeconds => "Seconds",
            _ => "Count",
        }
    }
}

/// Where the lines go.
pub trait Sink: Send + Sync {
    /// Takes one line, without its end.
    fn line(&self, line: &str);
}

/// Standard output, which is the function's log.
struct Log;

impl Sink for Log {
    fn line(&self, line: &str) {
        // A log that cannot be written to cannot be complained to either.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// Counts for one deployment.
#[derive(Clone)]
pub struct Metrics {
    stack: String,
    sink: Arc<dyn Sink>,
}

impl Metrics {
    /// Counts of the deployment with this stack's name, in the function's log.
    #[must_use]
    pub fn of(stack: impl Into<String>) -> Self {
        Self::into_sink(stack, Arc::new(Log))
    }

    /// The same, with the lines going elsewhere.
    #[must_use]
    pub fn into_sink(stack: impl Into<String>, sink: Arc<dyn Sink>) -> Self {
        Self { stack: stack.into(), sink }
    }

    /// Counts one.
    pub fn count(&self, metric: Metric, now: Timestamp) {
        self.write(metric, 1.0, None, now);
    }

    /// Counts one, by its reason.
    pub fn count_because(&self, metric: Metric, reason: &str, now: Timestamp) {
        self.write(metric, 1.0, Some(reason), now);
    }

    /// Notes how long something took.
    pub fn took(&self, metric: Metric, duration: Duration, now: Timestamp) {
        self.write(metric, duration.as_secs_f64(), None, now);
    }

    /// One line. A reason is a second set of dimensions, so the metric can be read with and without it.
    fn write(&self, metric: Metric, value: f64, reason: Option<&str>, now: Timestamp) {
        let mut dimensions = vec![vec![STACK]];
        dimensions.extend(reason.map(|_| vec![STACK, REASON]));
        let mut line = json!({
            "_aws": {
                "Timestamp": now.millis(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": dimensions,
                    "Metrics": [{"Name": metric.name(), "Unit": metric.unit()}],
                }],
            },
            STACK: self.stack,
            metric.name(): value,
        });
        if let (Some(reason), Value::Object(fields)) = (reason, &mut line) {
            fields.insert(REASON.to_owned(), reason.into());
        }
        self.sink.line(&line.to_string());
    }
}

/// A sender of text messages that counts what it hands over.
pub struct CountedSms {
    pub(crate) sender: Arc<dyn Sms>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Sms for CountedSms {
    async fn send(&self, number: &PhoneNumber, text: &str) -> Result<(), SmsError> {
        let sent = self.sender.send(number, text).await;
        if sent.is_ok() {
            self.metrics.count(Metric::SmsSent, self.clock.now());
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Sink for Kept {
        fn line(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    // Amazon CloudWatch user guide, "Specification: Embedded metric format".
    #[test]
    fn a_count_is_one_line_that_cloudwatch_reads() {
        let kept = Arc::new(Kept::default());
        let metrics = Metrics::into_sink("saoma-dev", kept.clone());
        let now = Timestamp::from_secs(1_700_000_000);
        metrics.count(Metric::SessionsOpened, now);
        metrics.count_because(Metric::SessionsCancelled, "declined", now);
        metrics.took(Metric::SecondsToConfirm, Duration::from_millis(8_500), now);
        let lines = kept.0.lock().unwrap().join("\n");
        insta::assert_snapshot!(lines, @r#"
        {"SessionsOpened":1.0,"Stack":"saoma-dev","_aws":{"CloudWatchMetrics":[{"Dimensions":[["Stack"]],"Metrics":[{"Name":"SessionsOpened","Unit":"Count"}],"Namespace":"Saoma"}],"Timestamp":1700000000000}}
        {"Reason":"declined","SessionsCancelled":1.0,"Stack":"saoma-dev","_aws":{"CloudWatchMetrics":[{"Dimensions":[["Stack"],["Stack","Reason"]],"Metrics":[{"Name":"SessionsCancelled","Unit":"Count"}],"Namespace":"Saoma"}],"Timestamp":1700000000000}}
        {"SecondsToConfirm":8.5,"Stack":"saoma-dev","_aws":{"CloudWatchMetrics":[{"Dimensions":[["Stack"]],"Metrics":[{"Name":"SecondsToConfirm","Unit":"Seconds"}],"Namespace":"Saoma"}],"Timestamp":1700000000000}}
        "#);
    }
}
