//! The signing secret, from Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use saoma_domain::ports::StoreError;

/// The generated secret, and the one before its last rotation.
pub struct SigningSecret {
    /// Signs.
    pub current: String,
    /// Still verifies.
    pub previous: Option<String>,
}

/// Reads the secret at `arn`. Two calls at once, for two versions; none later.
///
/// # Errors
/// When the current version cannot be read. A missing previous one is none.
pub async fn signing_secret(config: &SdkConfig, arn: &str) -> Result<SigningSecret, StoreError> {
    let client = Client::new(config);
    let version = async |stage: &str| {
        let got = client.get_secret_value().secret_id(arn).version_stage(stage).send().await;
        got.map(|value| value.secret_string.unwrap_or_default())
    };
    let (current, previous) = tokio::join!(version("AWSCURRENT"), version("AWSPREVIOUS"));
    let current = current.map_err(|error| StoreError::at("GetSecretValue", &error))?;
    let previous = previous.ok().filter(|previous| *previous != current);
    Ok(SigningSecret { current, previous })
}
