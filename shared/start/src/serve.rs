//! The life of a process. A malformed event, or a panic over an event, gives an error for that event and never ends
//! the process, because then the next caller would wait for a cold start.

use std::{convert::Infallible, panic};

use axum::{Router, response::IntoResponse};
use lambda_runtime::{LambdaEvent, service_fn};
use saoma_domain::ports::WaitingCall;
use serde::Serialize;
use serde_json::value::RawValue;
use tower::ServiceExt;

use crate::{
    StartError,
    answer::Answer,
    changes::{NoBatch, StoredChange, changes},
    request::request,
    waiting::{NoMessages, waiting_calls},
};

/// Any JSON, not yet read: the reader of each kind of event decides how much of it may be malformed.
type AnyEvent = LambdaEvent<Box<RawValue>>;

/// Serves a function's router to the Lambda runtime, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), StartError> {
    log_panics();
    let handler = service_fn(async |event: AnyEvent| {
        Ok::<_, Infallible>(answer(router.clone(), event.payload.get()).await)
    });
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}

async fn answer(router: Router, event: &str) -> Answer {
    let response = match request(event) {
        Ok(request) => router.oneshot(request).await.into_response(),
        Err(malformed) => malformed.into_response(),
    };
    Answer::of(response).await
}

/// Passes the stream's batches to a function, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_stream<A: Serialize>(
    handle: impl AsyncFn(Vec<StoredChange>) -> A,
) -> Result<(), StartError> {
    log_panics();
    let handler = service_fn(async |event: AnyEvent| {
        let changes = changes(event.payload.get())?;
        Ok::<_, NoBatch>(handle(changes).await)
    });
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}

/// Passes operators' commands to a function, as the JSON they came as, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_commands<A: Serialize>(handle: impl AsyncFn(String) -> A) -> Result<(), StartError> {
    serve_json(handle).await
}

/// Passes the events of a WebSocket API to a function, as the JSON they came as, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_sockets<A: Serialize>(handle: impl AsyncFn(String) -> A) -> Result<(), StartError> {
    serve_json(handle).await
}

async fn serve_json<A: Serialize>(handle: impl AsyncFn(String) -> A) -> Result<(), StartError> {
    log_panics();
    let handler =
        service_fn(async |event: AnyEvent| Ok::<_, Infallible>(handle(event.payload.get().to_owned()).await));
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}

/// Passes the batches of the queue of calls to a function, for the life of the process.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_queue<A: Serialize>(
    handle: impl AsyncFn(Vec<WaitingCall>) -> A,
) -> Result<(), StartError> {
    log_panics();
    let handler = service_fn(async |event: AnyEvent| {
        let calls = waiting_calls(event.payload.get())?;
        Ok::<_, NoMessages>(handle(calls).await)
    });
    lambda_runtime::run(handler).await.map_err(StartError::at_runtime)
}

/// Logs where a panic happened, but not its message, which may quote what a caller sent.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use serde_json::{Value, json};

    use super::*;

    async fn answered(event: &Value) -> Value {
        let router = Router::new().route("/it", get(async || "it"));
        serde_json::to_value(answer(router, &event.to_string()).await).unwrap()
    }

    #[tokio::test]
    async fn an_event_is_answered_by_the_router() {
        let context = json!({"http": {"method": "GET"}});
        let answer = answered(&json!({"rawPath": "/it", "requestContext": context})).await;
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("it")));
        let answer = answered(&json!({"rawPath": "/that", "requestContext": context})).await;
        assert_eq!(answer["statusCode"], 404);
    }

    #[tokio::test]
    async fn a_malformed_event_is_answered_with_a_problem() {
        for event in [json!({}), json!([]), json!(null), json!({"Records": []})] {
            let answer = answered(&event).await;
            assert_eq!(answer["statusCode"], 400);
            assert_eq!(answer["headers"]["content-type"], "application/problem+json");
            assert_eq!(answer["headers"]["cache-control"], "no-store");
            let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(problem["code"], "malformed_event");
        }
    }
}
