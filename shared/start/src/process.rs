//! What every function starts with.

use std::sync::Arc;

use aws_types::SdkConfig;
use saoma_app::{
    Environment, Service, Settings,
    system::{SystemClock, SystemRandom},
};
use saoma_http::telemetry;
use saoma_tokens::Keys;

use crate::StartError;

/// A process that has its log, its environment and a way to AWS.
pub struct Process {
    pub(crate) environment: Environment,
    pub(crate) aws: SdkConfig,
}

impl Process {
    /// Starts the log and reads the environment. The first thing a `main` does.
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
    /// An absurd setting, or no secret.
    pub async fn service(&self) -> Result<Service, StartError> {
        let arn = self.environment.required("SIGNING_SECRET_ARN")?;
        let secret = Box::pin(saoma_aws::signing_secret(&self.aws, &arn)).await?;
        let settings = Settings::read(&self.environment)?;
        let keys = Keys::derive(&secret.current, secret.previous.as_deref())?;
        Ok(Service::new(settings, keys, Arc::new(SystemClock), Arc::new(SystemRandom)))
    }
}
