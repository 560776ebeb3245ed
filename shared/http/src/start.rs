//! From `main` to the first request.

use std::{error::Error, sync::Arc};

use axum::Router;
use saoma_tokens::Keys;

use crate::{
    Environment, Service, Settings,
    system::{SystemClock, SystemRandom},
    telemetry,
};

/// Anything that keeps a function from starting.
pub type StartError = Box<dyn Error + Send + Sync>;

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
pub fn service(environment: &Environment, secret: &str, previous: Option<&str>) -> Result<Service, StartError> {
    let settings = Settings::read(environment)?;
    let keys = Keys::derive(secret, previous)?;
    Ok(Service::new(settings, keys, Arc::new(SystemClock), Arc::new(SystemRandom)))
}

/// Serves a function's router to the Lambda runtime, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), StartError> {
    lambda_http::run(router).await
}
