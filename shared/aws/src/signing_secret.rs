//! The signing secret, in Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::{
    Client,
    operation::{
        get_secret_value::{GetSecretValueError, GetSecretValueOutput},
        update_secret_version_stage::UpdateSecretVersionStageError,
    },
};
use aws_types::SdkConfig;
use saoma_domain::{
    ports::{KeyStage, KeyStages, SecretVersion, SigningSecret, SigningSecrets, StoreError},
    time::Timestamp,
};

/// The secret with this ARN.
pub struct SecretsManager {
    client: Client,
    arn: String,
}

impl SecretsManager {
    /// The secret at `arn`.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self { client: Client::new(config), arn }
    }

    /// The version at this stage, if it has one. Only if Secrets Manager says that there is none, there is none; a secret
    /// that was made without a value may have one without a text.
    async fn version(&self, stage: KeyStage) -> Result<Option<SecretVersion>, StoreError> {
        match self.client.get_secret_value().secret_id(&self.arn).version_stage(stage.as_str()).send().await {
            Ok(value) => Ok(Some(read_version(value)).filter(|version| !version.text.is_empty())),
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(StoreError::at("GetSecretValue", &error)),
            },
        }
    }

    /// Whether the version at a stage is this one.
    async fn is_at(&self, stage: KeyStage, id: &str) -> Result<bool, StoreError> {
        Ok(self.version(stage).await?.is_some_and(|version| version.id == id))
    }
}

fn read_version(value: GetSecretValueOutput) -> SecretVersion {
    let made_at = value.created_date.and_then(|date| u64::try_from(date.secs()).ok()).unwrap_or_default();
    SecretVersion {
        id: value.version_id.unwrap_or_default(),
        text: value.secret_string.unwrap_or_default(),
        made_at: Timestamp::from_secs(made_at),
    }
}

#[async_trait]
impl SigningSecrets for SecretsManager {
    /// One stage after the other, the pending one first. A promotion that comes between two reads is then seen from
    /// one side or from the other: the promoted version is read as pending or as current, and the one before it as
    /// current or as previous.
    async fn find(&self) -> Result<Option<SigningSecret>, StoreError> {
        let pending = self.version(KeyStage::Pending).await?;
        let Some(current) = self.version(KeyStage::Current).await? else { return Ok(None) };
        let previous = self.version(KeyStage::Previous).await?;
        Ok(Some(SigningSecret::of(current, pending, previous)))
    }
}

#[async_trait]
impl KeyStages for SecretsManager {
    /// Secrets Manager takes the same id and text again as the same call.
    async fn add(&self, stage: KeyStage, id: &str, text: &str) -> Result<(), StoreError> {
        let put = self.client.put_secret_value().secret_id(&self.arn).version_stages(stage.as_str());
        let put = put.client_request_token(id).secret_string(text);
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::at("PutSecretValue", &error)),
        }
    }

    /// A move whose answer was lost is refused when it is repeated, so what it refused is looked at again.
    async fn promote(&self, pending: &str, current: &str) -> Result<(), StoreError> {
        let update = self.client.update_secret_version_stage().secret_id(&self.arn);
        let update = update.version_stage(KeyStage::Current.as_str());
        let moved = update.move_to_version_id(pending).remove_from_version_id(current).send().await;
        let Err(error) = moved else { return Ok(()) };
        if is_refused(error.as_service_error()) && self.is_at(KeyStage::Current, pending).await? {
            return Ok(());
        }
        Err(StoreError::at("UpdateSecretVersionStage", &error))
    }

    async fn remove(&self, stage: KeyStage, id: &str) -> Result<(), StoreError> {
        let update = self.client.update_secret_version_stage().secret_id(&self.arn);
        let removed = update.version_stage(stage.as_str()).remove_from_version_id(id).send().await;
        let Err(error) = removed else { return Ok(()) };
        if is_refused(error.as_service_error()) && !self.is_at(stage, id).await? {
            return Ok(());
        }
        Err(StoreError::at("UpdateSecretVersionStage", &error))
    }
}

/// Whether Secrets Manager refused a move, because the label is not where the call says.
fn is_refused(error: Option<&UpdateSecretVersionStageError>) -> bool {
    use UpdateSecretVersionStageError as Refused;
    matches!(
        error,
        Some(
            Refused::InvalidParameterException(_)
                | Refused::InvalidRequestException(_)
                | Refused::ResourceNotFoundException(_)
        )
    )
}
