//! `session.*`: what operators ask of sessions. They never read one.

use saoma_domain::secrets::SessionCode;
use saoma_http::telemetry::session_ref;
use serde::Deserialize;
use serde_json::json;

use crate::{
    App,
    answer::{Done, Refused},
};

/// What can be asked.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    /// By which name the log calls the session with this code.
    #[serde(rename = "session.ref")]
    Ref(Coded),
}

/// A session's code, as a QR holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coded {
    code: String,
}

/// Answers a question.
pub(crate) fn run(app: &App, command: Command) -> Result<Done, Refused> {
    let Command::Ref(Coded { code }) = command;
    let code =
        SessionCode::parse(&code).ok_or_else(|| Refused::new("bad_code", "code must be a session's code"))?;
    Ok(Done::default().with("session_ref", json!(session_ref(&*app.service.keys, &code))))
}
