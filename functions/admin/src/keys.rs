//! `keys.*`: the versions of the signing secret. Each command takes one step and answers what comes next and when; the
//! caller waits.

use std::time::Duration;

use saoma_domain::{
    cases::{Dropped, KeysError, Rotation},
    ports::SigningSecret,
};
use saoma_tokens::{
    Keys,
    keyring::{PUBLISHED_BEFORE_USE, RELOAD_EVERY},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    App,
    answer::{Done, Refused},
};

/// What can be done with keys.
#[derive(Deserialize)]
#[serde(tag = "do")]
pub(crate) enum Command {
    #[serde(rename = "keys.show")]
    Show(Nothing),
    #[serde(rename = "keys.rotate")]
    Rotate(Rotate),
    #[serde(rename = "keys.drop")]
    Drop(Version),
}

/// A command without settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A rotation to begin or to go on with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Rotate {
    /// The version that an earlier step published.
    version: Option<String>,
    /// Whether to end the sign-ins that rest on the previous version.
    #[serde(default)]
    force: bool,
    /// How long the version is published before it signs, where no relying party keeps the keys: local runs.
    wait_seconds: Option<u64>,
}

/// The version to drop.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    version: String,
}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    match command {
        Command::Show(Nothing {}) => with_keys(app, Done::default()).await,
        Command::Rotate(rotate) => self::rotate(app, rotate).await,
        Command::Drop(Version { version }) => drop_version(app, &version).await,
    }
}

/// The answer with the versions as they stand now, and the times after which a change to them is known: to every
/// instance, and to everyone who keeps a key set no longer than told.
async fn with_keys(app: &App, done: Done) -> Result<Done, Refused> {
    let keys = shown(&app.keys.show().await?)?;
    let done = done.with("keys", keys).with("reloadSeconds", json!(RELOAD_EVERY.as_secs()));
    Ok(done.with("keySetSeconds", json!(PUBLISHED_BEFORE_USE.as_secs())))
}

async fn rotate(app: &App, Rotate { version, force, wait_seconds }: Rotate) -> Result<Done, Refused> {
    let wait = wait_seconds.map(Duration::from_secs);
    let now = app.service.clock.now();
    let done = match app.keys.rotate(version.as_deref(), force, wait, now).await? {
        Rotation::Published { version, signs_from } => Done::secret_version(&version)
            .with("state", json!("published"))
            .with("version", json!(version))
            .with("signsFrom", json!(signs_from.secs()))
            .with("waitSeconds", json!(signs_from.since(now).as_millis().div_ceil(1000))),
        Rotation::Current { version } => {
            Done::secret_version(&version).with("state", json!("current")).with("version", json!(version))
        }
    };
    with_keys(app, done).await
}

async fn drop_version(app: &App, version: &str) -> Result<Done, Refused> {
    let dropped = match app.keys.drop_version(version).await? {
        Dropped::Current => "current",
        Dropped::Pending => "pending",
        Dropped::Previous => "previous",
        Dropped::Nothing => "nothing",
    };
    with_keys(app, Done::secret_version(version).with("dropped", json!(dropped))).await
}

/// The versions that count, by the names that others know them by. No secret text is in an answer.
fn shown(secret: &SigningSecret) -> Result<Value, Refused> {
    secret
        .versions()
        .map(|(stage, version)| {
            let kid = Keys::kid_of(&version.text)
                .map_err(|error| Refused::new("bad_secret", format!("{}: {error}", version.id)))?;
            Ok(json!({
                "version": version.id,
                "stage": stage.as_str(),
                "kid": kid,
                "madeAt": version.made_at.secs(),
            }))
        })
        .collect()
}

impl From<KeysError> for Refused {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => error.into(),
            KeysError::TooSoon { until } => Self::new(
                "too_soon",
                "Sign-ins that were not refreshed since the last rotation rest on the previous key, and this rotation would \
                 end them. FORCE=yes ends them now.",
            )
            .until(until),
            KeysError::AnotherIsPending => {
                Self::new("another_pending", "Another version is about to sign. Look at the keys first.")
            }
        }
    }
}
