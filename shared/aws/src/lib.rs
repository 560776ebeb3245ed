//! What a process needs from AWS at its start, and the bucket.
//!
//! * [`connect`]: one configuration for every SDK, over one shared HTTP client.
//! * [`SecretsManager`]: the generated secret from which all keys are derived.
//! * [`pictures`]: QR pictures in S3.

pub mod pictures;
mod signing_secret;

pub use pictures::PictureBucket;
pub use signing_secret::SecretsManager;

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{
    SdkConfig,
    region::Region,
    sdk_config::{RetryConfig, SharedTimeSource, TimeoutConfig},
};
use thiserror::Error;

/// A variable that a call to AWS needs is not set.
#[derive(Debug, Error)]
#[error("{0} is not set")]
pub struct NotSet(&'static str);

/// The configuration all SDK clients share, from the variables Lambda sets (`AWS_REGION`, the three
/// credentials) and `AWS_ENDPOINT_URL`, which points everything at an emulator.
///
/// Lambda gives a process one set of credentials for its life, so they are read once and the STS and
/// SSO clients of `aws-config` are left out. Retries are the SDK's standard three; every attempt has
/// its time limit, well inside the function's own.
///
/// # Errors
/// Names the variable that is not set.
pub fn connect(variable: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, NotSet> {
    let required = |name: &'static str| variable(name).ok_or(NotSet(name));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
        None,
        "lambda",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build();
    let region = required("AWS_REGION")?;
    let endpoint = variable("AWS_ENDPOINT_URL").filter(|url| !url.is_empty());
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .tls_context(trust(&region, endpoint.as_deref()))
        .build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts)
        .http_client(http);
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// The root certificates that we trust for AWS. The certificates of its services chain to Amazon's own five roots,
/// so those are compiled in: reading the system's hundred and fifty costs a start about 4 ms of CPU. In China, and
/// at a private endpoint, the system's roots count.
fn trust(region: &str, endpoint: Option<&str>) -> tls::TlsContext {
    let elsewhere = region.starts_with("cn-") || endpoint.is_some_and(|url| url.starts_with("https:"));
    let store = if elsewhere {
        tls::TrustStore::default()
    } else {
        tls::TrustStore::empty().with_pem_certificate(include_bytes!("amazon_roots.pem").as_slice())
    };
    // Building a context fails only when a part without a default is missing, and every part has a default.
    tls::TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // J7
    #[test]
    fn what_is_not_set_is_named() {
        for missing in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let all_but = |name: &str| (name != missing).then(|| "x".to_owned());
            assert_eq!(connect(all_but).unwrap_err().to_string(), format!("{missing} is not set"));
        }
    }

    #[test]
    fn the_compiled_in_roots_are_certificates() {
        let set = |name: &str| (name != "AWS_ENDPOINT_URL").then(|| "x".to_owned());
        assert!(connect(set).unwrap().http_client().is_some());
        let roots = include_str!("amazon_roots.pem");
        assert_eq!(roots.matches("-----BEGIN CERTIFICATE-----").count(), 5);
    }
}
