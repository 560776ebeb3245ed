//! The log, the environment and the keys, with which every function starts.

use std::sync::Arc;

use aws_types::SdkConfig;
use saoma_app::{
    Environment, Service, Settings,
    system::{SystemClock, SystemRandom},
};
use saoma_aws::SecretsManager;
use saoma_domain::ports::SigningSecrets;
use saoma_http::telemetry;
use saoma_tokens::Keyring;

use crate::StartError;

/// A process with its log, its environment and its configuration for AWS.
pub struct Process {
    pub(crate) environment: Environment,
    pub(crate) aws: SdkConfig,
}

impl Process {
    /// Starts the log and reads the environment. Every `main` calls this first.
    ///
    /// # Errors
    /// Names the variable that is not set.
    pub fn begin() -> Result<Self, StartError> {
        let environment = Environment::of_process();
        telemetry::init(environment.get("RUST_LOG").as_deref());
        let aws = saoma_aws::connect(|name| environment.get(name))?;
        Ok(Self { environment, aws })
    }

    /// The service around the deployment's secret, with the real clock and randomness.
    ///
    /// # Errors
    /// A setting is out of bounds, or the secret cannot be read.
    pub async fn service(&self) -> Result<Service, StartError> {
        let arn = self.environment.required("SIGNING_SECRET_ARN")?;
        let source = Arc::new(SecretsManager::new(&self.aws, arn));
        let secret = source.read().await?;
        let settings = Settings::read(&self.environment)?;
        let clock = Arc::new(SystemClock);
        let keys = Keyring::new(&secret, source, clock.clone())?;
        let keys = match self.environment.get("RSA_SECRET_ARN") {
            Some(arn) => {
                let source = Arc::new(SecretsManager::new(&self.aws, arn));
                keys.with_rsa(source.find().await?.as_ref(), source)?
            }
            None => keys,
        };
        Ok(Service::new(settings, keys, clock, Arc::new(SystemRandom)))
    }
}
