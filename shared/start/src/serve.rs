//! The life of a process.

use axum::Router;
use lambda_runtime::{LambdaEvent, service_fn};
use saoma_domain::{ports::StoreError, session::Session};
use saoma_dynamo::stream::{StreamEvent, StreamRecord};
use serde::Serialize;

use crate::StartError;

/// Serves a function's router to the Lambda runtime, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), StartError> {
    lambda_http::run(router).await.map_err(StartError::at_runtime)
}

/// A record of the Sessions table's stream: its sequence number, and the session as it was stored.
pub type StoredChange = (String, Result<Option<Session>, StoreError>);

/// Hands the stream's batches to a function, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_stream<A: Serialize>(
    handle: impl AsyncFn(Vec<StoredChange>) -> A,
) -> Result<(), StartError> {
    let handler = service_fn(async |event: LambdaEvent<StreamEvent>| {
        let records = event.payload.into_records().into_iter();
        let changes = records.map(|StreamRecord { sequence_number, session }| (sequence_number, session));
        Ok::<_, std::convert::Infallible>(handle(changes.collect()).await)
    });
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}
