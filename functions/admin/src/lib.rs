//! What operators do. The function has no address: IAM decides who may invoke it (`docs/operations.md`).
//!
//! An event is `{"do": "client.create", "by": "<who>", "write": "<id>", …}`; the answer is `{"ok": true, …}` or
//! `{"ok": false, "code": "…", "detail": "…"}`. What stands before the dot names the thing, and each thing is a file:
//!
//! * [`client`]: the products that may open sessions.
//! * [`keys`]: the versions of the signing secrets.
//! * [`webhooks`]: the calls that clients' servers did not take in time.
//! * [`account`]: the people.
//! * [`session`]: by which name the log calls a session.
//! * [`sms`]: whether text messages go out.
//!
//! `by` says who asks, for the audit line. `write` names the logical step: a caller whose answer was lost sends the same
//! event again, with the same `write`, and gets the same answer.

mod account;
mod answer;
mod client;
mod keys;
mod session;
mod sms;
mod webhooks;

use std::sync::Arc;

use saoma_app::Service;
use saoma_domain::{
    cases::{AccountKeeper, ClientKeeper, KeyKeeper, Mine},
    identity::{AccountId, ClientId},
    ports::{Calls, Challenges, Clients, FailedCalls, Switches, WriteId},
    text::CleanText,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::answer::{Done, Refused};

/// What the commands need.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of its name")]
pub struct App {
    pub service: Service,
    pub clients: ClientKeeper,
    pub keys: KeyKeeper,
    pub rsa_keys: Option<KeyKeeper>,
    pub calls: Arc<dyn Calls>,
    pub failed_calls: Arc<dyn FailedCalls>,
    pub accounts: AccountKeeper,
    pub mine: Mine,
    pub known_clients: Arc<dyn Clients>,
    pub challenges: Arc<dyn Challenges>,
    pub switches: Arc<dyn Switches>,
}

/// A command, with what every command carries.
struct Order {
    /// Its name, such as `client.create`.
    name: String,
    /// Who asks, as they say. IAM knows who may ask, and CloudTrail who did.
    by: CleanText<200>,
    /// The logical step that it is.
    write: WriteId,
    /// The client that it names, for the audit line of a refusal.
    client: Option<ClientId>,
    /// The account that it names, for the audit line of a refusal or a failure.
    account: Option<AccountId>,
    command: Command,
}

/// The things that operators work on.
enum Command {
    Client(Box<client::Command>),
    Keys(keys::Command),
    Webhooks(webhooks::Command),
    Account(account::Command),
    Session(session::Command),
    Sms(sms::Command),
}

/// Carries out the command of an event, and writes its audit line.
pub async fn handle(app: &App, event: &str) -> Value {
    app.service.keys.keep_fresh().await;
    let order = match Order::read(app, event) {
        Ok(order) => order,
        Err(refused) => return answer::refused(&refused),
    };
    let Order { name, by, write, client, account, command } = order;
    let done = match command {
        Command::Client(command) => client::run(app, *command, &write).await,
        Command::Keys(command) => keys::run(app, command).await,
        Command::Webhooks(command) => webhooks::run(app, command).await,
        Command::Account(command) => account::run(app, command).await,
        Command::Session(command) => session::run(app, command),
        Command::Sms(command) => sms::run(app, command).await,
    };
    let account = done.as_ref().ok().and_then(|done| done.account).or(account);
    let machine = done.as_ref().ok().and_then(|done| done.machine.as_deref());
    let secret_version = done.as_ref().ok().and_then(|done| done.secret_version.as_deref());
    tracing::info!(
        target: "audit",
        audit = name,
        actor = by.as_str(),
        client = client.as_ref().map(ClientId::as_str),
        account = account.map(tracing::field::display),
        machine,
        secret_version,
        outcome = done.as_ref().map_or_else(|refused| refused.code, |_| "done"),
        cause = done.as_ref().err().and_then(|refused| refused.cause.as_deref()),
        "an operator's command"
    );
    done.map_or_else(|refused| answer::refused(&refused), Done::answer)
}

impl Order {
    fn read(app: &App, event: &str) -> Result<Self, Refused> {
        let mut fields: Map<String, Value> =
            serde_json::from_str(event).map_err(|error| Refused::unreadable(&error.to_string()))?;
        let name = fields.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
        let by = taken(&mut fields, "by").as_deref().and_then(CleanText::non_empty);
        let by = by.ok_or_else(|| Refused::unreadable("by must name who asks"))?;
        let write = match taken(&mut fields, "write") {
            None => WriteId::random(&*app.service.random),
            Some(id) if (16..=64).contains(&id.len()) && id.is_ascii() => WriteId::from_stored(&id),
            Some(_) => return Err(Refused::unreadable("write must be 16 to 64 random characters")),
        };
        let named = if name.starts_with("client.") { "id" } else { "client" };
        let client = fields.get(named).and_then(Value::as_str).and_then(ClientId::parse);
        let id = fields.get("id").and_then(Value::as_str).filter(|_| name.starts_with("account."));
        let account = id.and_then(AccountId::parse);
        let command = match name.split('.').next().unwrap_or_default() {
            "client" => Command::Client(read(fields)?),
            "keys" => Command::Keys(read(fields)?),
            "webhooks" => Command::Webhooks(read(fields)?),
            "account" => Command::Account(read(fields)?),
            "session" => Command::Session(read(fields)?),
            "sms" => Command::Sms(read(fields)?),
            _ => return Err(Refused::unreadable("do must name a command, such as client.create")),
        };
        Ok(Self { name, by, write, client, account, command })
    }
}

/// A field of the event, taken out of it.
fn taken(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// The command in the rest of an event. A field that no command has is refused, so a slip of the pen changes nothing.
fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Refused> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| Refused::unreadable(&error.to_string()))
}
