//! The signing secret, from Secrets Manager.

use aws_sdk_secretsmanager::{Client, operation::get_secret_value::GetSecretValueError};
use aws_types::SdkConfig;
use saoma_domain::ports::StoreError;

/// The generated secret, and its predecessor before the last rotation.
pub struct SigningSecret {
    /// The secret that signs.
    pub current: String,
    /// The secret that still verifies.
    pub previous: Option<String>,
}

/// Reads the secret at `arn`. Two calls at once, for two versions; none later.
///
/// # Errors
/// When a version cannot be read. A previous version counts as missing only if Secrets Manager says that it has
/// none. If a throttled read counted as missing, this instance would refuse tokens that all others accept.
pub async fn signing_secret(config: &SdkConfig, arn: &str) -> Result<SigningSecret, StoreError> {
    let client = Client::new(config);
    let (current, previous) =
        tokio::join!(version(&client, arn, "AWSCURRENT"), version(&client, arn, "AWSPREVIOUS"));
    let current = current?.ok_or_else(|| StoreError::new("the signing secret has no current version"))?;
    let previous = previous?.filter(|previous| *previous != current);
    Ok(SigningSecret { current, previous })
}

/// The version of the secret at this stage, if it has one.
async fn version(client: &Client, arn: &str, stage: &str) -> Result<Option<String>, StoreError> {
    match client.get_secret_value().secret_id(arn).version_stage(stage).send().await {
        Ok(value) => Ok(Some(value.secret_string.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
            _ => Err(StoreError::at("GetSecretValue", &error)),
        },
    }
}
