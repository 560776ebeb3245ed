//! `client.*`: the products that may open sessions.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_domain::{
    client::{
        Client, Origin, ReturnUrl,
        settings::{ClientSettings, LONGEST_ADDRESS},
    },
    identity::ClientId,
    issuer::{KeySetUrl, TokenAlgorithm},
    oauth::{RedirectUri, RegisteredKeys},
    opener::{EnrolledMachine, MachineName},
    ports::WriteId,
    session::Dialect,
};
use saoma_tokens::foreign::{ForeignKey, ForeignKeys};
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
    #[serde(rename = "client.show")]
    Show(Named),
    #[serde(rename = "client.list")]
    List(Nothing),
    #[serde(rename = "client.change")]
    Change(Settings),
    #[serde(rename = "client.disable")]
    Disable(Named),
    #[serde(rename = "client.enable")]
    Enable(Named),
    #[serde(rename = "client.remove")]
    Remove(Named),
    #[serde(rename = "client.rotate-secret")]
    RotateSecret(Rotating),
    #[serde(rename = "client.enroll")]
    Enroll(Machine),
    #[serde(rename = "client.unenroll")]
    Unenroll(Machine),
}

/// A client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    id: String,
}

/// A machine of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    id: String,
    machine: String,
}

impl Machine {
    fn read(&self) -> Result<(ClientId, MachineName), Refused> {
        let detail = "machine must be 1 to 32 letters, digits, dashes and underscores";
        let name = MachineName::parse(&self.machine).ok_or_else(|| Refused::new("bad_setting", detail))?;
        Ok((read_id(&self.id)?, name))
    }
}

/// No further field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A client, and for how many hours its old secrets stay good: 24, unless it says otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Rotating {
    id: String,
    keep_hours: Option<u64>,
}

/// How long old secrets stay good by default, and at the most.
const KEEP_HOURS: u64 = 24;
const MOST_KEEP_HOURS: u64 = 168;

/// A client and what is written about it. What is not there stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Settings {
    id: String,
    name: Option<String>,
    /// The file, in base64.
    logo: Option<String>,
    dialect: Option<String>,
    policy: Option<String>,
    page: Option<String>,
    origins: Option<Vec<String>>,
    webhook: Option<String>,
    apps: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    redirects: Option<Vec<String>>,
    logouts: Option<Vec<String>>,
    grants: Option<Vec<String>>,
    auth: Option<String>,
    key: Option<String>,
    par: Option<bool>,
    pkce: Option<String>,
    signed: Option<String>,
    strict: Option<bool>,
    rotate: Option<bool>,
    max_age: Option<u64>,
    issuer: Option<String>,
    audience: Option<String>,
    jwks: Option<String>,
    alg: Option<String>,
}

impl Settings {
    fn read(self) -> Result<(ClientId, ClientSettings), Refused> {
        let settings = ClientSettings {
            name: self.name,
            logo: self.logo.as_deref().map(read_file).transpose()?,
            dialect: self.dialect,
            policy: self.policy,
            page: self.page,
            origins: self.origins,
            webhook: self.webhook,
            apps: self.apps,
            networks: self.networks,
            redirects: self.redirects,
            logouts: self.logouts,
            grants: self.grants,
            auth: self.auth,
            keys: self.key.as_deref().map(read_keys).transpose()?,
            pushes: self.par,
            pkce: self.pkce,
            signed: self.signed,
            strict: self.strict,
            rotates: self.rotate,
            max_age: self.max_age,
            issuer: self.issuer,
            audience: self.audience,
            jwks: self.jwks,
            alg: self.alg,
        };
        Ok((read_id(&self.id)?, settings))
    }
}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command, write: &WriteId) -> Result<Done, Refused> {
    let (clients, now) = (&app.clients, app.service.clock.now());
    match command {
        Command::Create(settings) => {
            let (id, settings) = settings.read()?;
            can_sign(app, &settings).await?;
            let (client, secret) = clients.create(&id, &settings, write, now).await?;
            Ok(told(&client).with("secret", json!(secret.reveal())))
        }
        Command::Show(Named { id }) => {
            let id = read_id(&id)?;
            let machines = clients.machines(&id).await?;
            let names = machines.iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>();
            Ok(told(&clients.show(&id).await?).with("machines", json!(names)))
        }
        Command::List(Nothing {}) => {
            let ids: Vec<String> = clients.registry.all().await?.iter().map(ToString::to_string).collect();
            Ok(Done::default().with("clients", json!(ids)))
        }
        Command::Change(settings) => {
            let (id, settings) = settings.read()?;
            can_sign(app, &settings).await?;
            Ok(told(&clients.change(&id, &settings, write).await?))
        }
        Command::Disable(Named { id }) => Ok(told(&clients.switch(&read_id(&id)?, false, write).await?)),
        Command::Enable(Named { id }) => Ok(told(&clients.switch(&read_id(&id)?, true, write).await?)),
        Command::Remove(Named { id }) => {
            let id = read_id(&id)?;
            clients.remove(&id, write, now).await?;
            Ok(Done::default().with("removed", json!(id.as_str())))
        }
        Command::RotateSecret(Rotating { id, keep_hours }) => {
            let keep = keep_hours.unwrap_or(KEEP_HOURS);
            if keep > MOST_KEEP_HOURS {
                return Err(Refused::new("bad_setting", "keepHours must be 0 to 168"));
            }
            let keep = Duration::from_secs(keep * 3600);
            let (client, secret) = clients.rotate(&read_id(&id)?, keep, write, now).await?;
            Ok(told(&client).with("secret", json!(secret.reveal())))
        }
        Command::Enroll(machine) => {
            let (id, name) = machine.read()?;
            let (machine, secret) = clients.enroll(&id, &name, write, now).await?;
            Ok(Done::machine(&name)
                .with("machine", enrolled(&machine))
                .with("secret", json!(secret.reveal())))
        }
        Command::Unenroll(machine) => {
            let (id, name) = machine.read()?;
            clients.unenroll(&id, &name, now).await?;
            Ok(Done::machine(&name).with("unenrolled", json!(name.as_str())))
        }
    }
}

fn enrolled(machine: &EnrolledMachine) -> Value {
    json!({
        "id": machine.client.as_str(),
        "machine": machine.name.as_str(),
        "enrolledAt": machine.enrolled_at.secs(),
    })
}

fn told(client: &Client) -> Done {
    Done::default().with("client", shown(client))
}

fn read_id(raw: &str) -> Result<ClientId, Refused> {
    let detail = "id must be 1 to 32 letters, digits, dots, dashes and underscores";
    ClientId::parse(raw).ok_or_else(|| Refused::new("bad_setting", detail))
}

/// Refuses RS256 before there is a key for it, because every login of the client would fail.
async fn can_sign(app: &App, settings: &ClientSettings) -> Result<(), Refused> {
    const NO_KEY: &str =
        "There is no RSA key yet. make keys DO=make KIND=RS256 makes one, where the parameter RsaKeys is on.";
    if settings.signed.as_deref() != Some(TokenAlgorithm::Rs256.as_str()) {
        return Ok(());
    }
    let made = match &app.rsa_keys {
        Some(keys) => keys.show().await?.is_some(),
        None => false,
    };
    if made { Ok(()) } else { Err(Refused::new("no_rsa_key", NO_KEY)) }
}

fn read_file(raw: &str) -> Result<Vec<u8>, Refused> {
    STANDARD.decode(raw).map_err(|_| Refused::new("bad_setting", "logo must be a file in base64"))
}

/// The public keys of a client, as they are kept: a set, or the address of one; nothing for no key.
fn read_keys(raw: &str) -> Result<String, Refused> {
    if raw.is_empty() {
        return Ok(String::new());
    }
    let is_short = raw.len() <= LONGEST_ADDRESS;
    if let Some(address) = KeySetUrl::parse(raw).filter(|_| is_short) {
        return Ok(address.url().to_string());
    }
    let expected = "key must be a public JWK, or a JWK Set, with P-256 or RSA keys of 2048 to 4096 bits, or the https address of \
                    a set";
    let keys = ForeignKeys::registered(raw);
    keys.map(|keys| keys.to_text())
        .map_err(|why| Refused::new("bad_setting", format!("{expected}; it is {why}")))
}

/// The thumbprints of a client's keys (RFC 7638), or the address where they stand.
fn named_keys(client: &Client) -> Vec<String> {
    match &client.oauth.keys {
        None => Vec::new(),
        Some(RegisteredKeys::At(address)) => vec![address.url().to_string()],
        Some(RegisteredKeys::Set(text)) => {
            let keys = ForeignKeys::registered(text).unwrap_or_default();
            keys.keys().iter().map(ForeignKey::thumbprint).collect()
        }
    }
}

/// A client as an operator sees it: everything but its secrets.
fn shown(client: &Client) -> Value {
    json!({
        "id": client.id.as_str(),
        "name": client.name.as_str(),
        "logo": client.logo.as_ref().map(|it| format!("a PNG of {} bytes", it.as_png().len())),
        "dialect": client.dialects.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(","),
        "policy": client.match_policy.as_str(),
        "page": client.return_url.as_ref().map(ReturnUrl::as_str),
        "origins": client.origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
        "webhook": client.webhook.as_ref().map(|it| it.url().as_str()),
        "apps": client.apps.iter().map(ClientId::as_str).collect::<Vec<_>>(),
        "networks": client.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "redirects": client.oauth.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
        "logouts": client.oauth.logout_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
        "grants": client.oauth.grants.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        "auth": client.dialects.contains(&Dialect::Oauth).then(|| client.oauth.auth.as_str()),
        "issuer": client.issuer.as_ref().map(|it| it.issuer.as_str()),
        "audience": client.issuer.as_ref().map(|it| it.audience.as_str()),
        "jwks": client.issuer.as_ref().map(|it| it.keys.url().as_str()),
        "alg": client.issuer.as_ref().map(|it| it.algorithm.as_str()),
        "keys": named_keys(client),
        "par": client.oauth.pushes,
        "pkce": client.dialects.contains(&Dialect::Oauth).then(|| client.oauth.pkce.as_str()),
        "signed": client.dialects.contains(&Dialect::Oauth).then(|| client.oauth.signed.as_str()),
        "strict": client.strict,
        "rotate": client.rotates,
        "maxAge": client.max_age.map(|it| it.as_secs()),
        "enabled": client.enabled,
        "registeredAt": client.registered_at.secs(),
        "previousSecretUntil": client.previous.as_ref().map(|it| it.until.secs()),
    })
}
