//! From `main` to the first request.

use std::{error::Error, fmt, sync::Arc};

use axum::Router;
use saoma_tokens::Keys;

use crate::{
    Environment, Service, Settings,
    system::{SystemClock, SystemRandom},
    telemetry,
};

/// Anything that keeps a function from starting, with its causes. What `main` returns is printed as
/// `Debug`, so this says it in words (ADVERSARIES J7).
pub struct StartError(Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function refuses to start: {}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Starts the log and reads the environment. The first thing a `main` does.
#[must_use]
pub fn environment() -> Environment {
    let environment = Environment::of_process();
    telemetry::init(environment.get("RUST_LOG").as_deref());
    environment
}

/// The service around a deployment's secret, with the real clock and randomness.
///
/// # Errors
/// What keeps the function from starting.
pub fn service(
    environment: &Environment,
    secret: &str,
    previous: Option<&str>,
) -> Result<Service, StartError> {
    let settings = Settings::read(environment)?;
    let keys = Keys::derive(secret, previous)?;
    Ok(Service::new(settings, keys, Arc::new(SystemClock), Arc::new(SystemRandom)))
}

/// Serves a function's router to the Lambda runtime, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), StartError> {
    lambda_http::run(router).await.map_err(StartError)
}
