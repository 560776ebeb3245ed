//! The client that sends text messages and pushes where SNS does not: AWS China offers neither.

use saoma_app::Environment;
use saoma_domain::{
    client::{Client, WebhookUrl},
    identity::ClientId,
    ports::Clients,
};

use crate::StartError;

/// The error for a `MESSAGE_CLIENT` that cannot take messages.
#[derive(Debug, thiserror::Error)]
#[error("MESSAGE_CLIENT is {0:?}, which is no registered client with a webhook")]
pub struct NoSuchMessageClient(String);

/// The client that `MESSAGE_CLIENT` names, and the address of its server. `None` when the variable is not set.
///
/// # Errors
/// When it names no client that has a webhook.
pub async fn message_client(
    environment: &Environment,
    clients: &dyn Clients,
) -> Result<Option<(Client, WebhookUrl)>, StartError> {
    let Some(named) = environment.get("MESSAGE_CLIENT") else { return Ok(None) };
    let client = match ClientId::parse(&named) {
        Some(id) => clients.client(&id).await?,
        None => None,
    };
    let found = client.and_then(|client| Some((client.clone(), client.webhook?)));
    found.map(Some).ok_or_else(|| NoSuchMessageClient(named).into())
}

#[cfg(test)]
mod tests {
    use saoma_memory::Memory;

    use super::*;

    /// The result of the variable in a deployment with these clients.
    async fn named(value: &str) -> Result<Option<String>, String> {
        let memory = Memory::default();
        for (id, webhook) in [("sender", WebhookUrl::parse("https://sender.example/in")), ("mute", None)] {
            let id = ClientId::parse(id).unwrap();
            let like = ClientId::parse(Client::DEFAULT_WEB).unwrap();
            memory.put_client(Client { id, webhook, ..Client::built_in(&like, "Test").unwrap() });
        }
        let environment = Environment::of([("MESSAGE_CLIENT", value)]);
        let found = message_client(&environment, &memory).await;
        found.map(|found| Some(found?.1.url().to_string())).map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn messages_are_handed_to_the_client_that_is_named() {
        assert_eq!(named("").await, Ok(None));
        assert_eq!(named("sender").await, Ok(Some("https://sender.example/in".to_owned())));
    }

    // J7
    #[tokio::test]
    async fn a_name_that_takes_no_messages_keeps_the_function_from_starting() {
        for name in ["mute", "nobody", "no such id"] {
            let refused = named(name).await.unwrap_err();
            assert!(refused.contains("refuses to start") && refused.contains(name), "{refused}");
        }
    }
}
