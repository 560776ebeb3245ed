//! `client.*`: the products that may open sessions.

use saoma_domain::{
    client::{Client, ReturnUrl, settings::ClientSettings},
    identity::ClientId,
    ports::WriteId,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    answer::{Done, Refused},
};

/// What can be done with clients.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    #[serde(rename = "client.create")]
    Create(Settings),
}

/// A client and what is written about it. What is not there stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    id: String,
    name: Option<String>,
    dialect: Option<String>,
    policy: Option<String>,
    page: Option<String>,
    origins: Option<Vec<String>>,
    webhook: Option<String>,
    apps: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    strict: Option<bool>,
}

impl Settings {
    fn read(self) -> Result<(ClientId, ClientSettings), Refused> {
        let settings = ClientSettings {
            name: self.name,
            dialect: self.dialect,
            policy: self.policy,
            page: self.page,
            origins: self.origins,
            webhook: self.webhook,
            apps: self.apps,
            networks: self.networks,
            strict: self.strict,
        };
        Ok((read_id(&self.id)?, settings))
    }
}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command, write: &WriteId) -> Result<Done, Refused> {
    let now = app.service.clock.now();
    match command {
        Command::Create(settings) => {
            let (id, settings) = settings.read()?;
            let (client, secret) = app.clients.create(&id, &settings, write, now).await?;
            Ok(Done::client(&id).with("client", shown(&client)).with("secret", json!(secret.reveal())))
        }
    }
}

fn read_id(raw: &str) -> Result<ClientId, Refused> {
    let detail = "id must be 1 to 32 letters, digits, dots, dashes and underscores";
    ClientId::parse(raw).ok_or_else(|| Refused::new("bad_setting", detail))
}

/// A client as an operator sees it: everything but its secrets.
fn shown(client: &Client) -> Value {
    json!({
        "id": client.id.as_str(),
        "name": client.name.as_str(),
        "dialect": client.dialects.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(","),
        "policy": client.match_policy.as_str(),
        "page": client.return_url.as_ref().map(ReturnUrl::as_str),
        "origins": client.origins.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "webhook": client.webhook.as_ref().map(|it| it.url().as_str()),
        "apps": client.apps.iter().map(ClientId::as_str).collect::<Vec<_>>(),
        "networks": client.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "strict": client.strict,
        "enabled": client.enabled,
        "registeredAt": client.registered_at.secs(),
        "previousSecretUntil": client.previous.as_ref().map(|it| it.until.secs()),
    })
}
