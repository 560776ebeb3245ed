//! Sockets of waiting screens (`docs/web.md`), and of phones that wait for questions to their person (`docs/remembered.md`).
//! Who watches is told when to ask.
//!
//! | route | when | file |
//! |---|---|---|
//! | `$connect` | a screen opens a socket | [`connect`] |
//! | `$disconnect` | a socket was closed | [`disconnect`] |
//!
//! What a screen sends (`$default`) reaches no function: API Gateway itself takes it and answers nothing.
//!
//! [`event`] reads the events of the WebSocket API, and [`answer`] words what it is answered.

mod answer;
mod connect;
mod disconnect;
mod event;

use std::sync::Arc;

use saoma_app::Service;
use saoma_domain::ports::{Clients, Watchers};

pub use crate::answer::Answer;
use crate::{
    answer::Refused,
    event::{Event, Happened},
};

/// What the socket routes need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name, and the address people know us by")]
pub struct App {
    pub service: Service,
    pub public_url: String,
    pub clients: Arc<dyn Clients>,
    pub watchers: Arc<dyn Watchers>,
}

/// Answers an event of the WebSocket API, and logs it. The log gets nothing that the caller wrote.
pub async fn handle(app: &App, event: &str) -> Answer {
    app.service.keys.keep_fresh().await;
    let (route, answered) = match Event::read(event) {
        Some(Event { happened: Happened::Connected(offer), connection, source }) => {
            ("$connect", connect::connect(app, &connection, &offer, source).await)
        }
        Some(Event { happened: Happened::Closed { opened_at }, .. }) => {
            ("$disconnect", disconnect::disconnect(app, opened_at))
        }
        None => ("none", Err(Refused::MALFORMED)),
    };
    let refused = answered.as_ref().err();
    tracing::info!(
        route,
        status = refused.map_or(200, |refused| refused.status),
        code = refused.map(|refused| refused.code),
        cause = refused.and_then(|refused| refused.cause.as_deref()),
        "{}",
        if refused.is_some() { "refused" } else { "socket" }
    );
    answered.unwrap_or_else(|refused| Answer::refusing(&refused))
}
