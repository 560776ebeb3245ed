//! `keys.*`: the versions of a signing secret. Each command takes one step and answers what comes next and when; the
//! caller waits. `kind` names the secret: `ES256` for the one that most keys are derived from, `RS256` for the one that holds
//! RSA keys.

use std::time::Duration;

use saoma_domain::{
    cases::{Dropped, KeyKeeper, KeysError, Rotation},
    issuer::TokenAlgorithm,
    ports::SigningSecret,
};
use saoma_tokens::{Keys, keyring::RELOAD_EVERY};
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
    Show(Kind),
    #[serde(rename = "keys.make")]
    Make(Kind),
    #[serde(rename = "keys.rotate")]
    Rotate(Rotate),
    #[serde(rename = "keys.drop")]
    Drop(Version),
}

/// Which keys: of ES256, unless it says otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    kind: Option<String>,
}

/// A rotation to begin or to go on with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Rotate {
    kind: Option<String>,
    /// The version that an earlier step published.
    version: Option<String>,
    /// Whether to end what rests on the previous version.
    #[serde(default)]
    force: bool,
    /// How long the version is published before it signs, where no relying party keeps the keys: local runs.
    wait_seconds: Option<u64>,
}

/// The version to drop.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    kind: Option<String>,
    version: String,
}

/// The keys of one kind.
struct Chosen<'a> {
    algorithm: TokenAlgorithm,
    keeper: &'a KeyKeeper,
}

impl<'a> Chosen<'a> {
    fn of(app: &'a App, kind: Option<&str>) -> Result<Self, Refused> {
        let expected = || Refused::new("bad_setting", "kind must be ES256 or RS256");
        let algorithm =
            kind.map_or(Some(TokenAlgorithm::Es256), TokenAlgorithm::parse).ok_or_else(expected)?;
        let keeper = match algorithm {
            TokenAlgorithm::Es256 => &app.keys,
            TokenAlgorithm::Rs256 => app.rsa_keys.as_ref().ok_or_else(|| {
                Refused::new(
                    "no_rsa_secret",
                    "This deployment keeps no RSA keys. Set its parameter RsaKeys to on.",
                )
            })?,
        };
        Ok(Self { algorithm, keeper })
    }
}

/// Carries out a command.
pub(crate) async fn run(app: &App, command: Command) -> Result<Done, Refused> {
    match command {
        Command::Show(Kind { kind }) => with_keys(&Chosen::of(app, kind.as_deref())?, Done::default()).await,
        Command::Make(Kind { kind }) => make(&Chosen::of(app, kind.as_deref())?).await,
        Command::Rotate(rotate) => {
            let chosen = Chosen::of(app, rotate.kind.as_deref())?;
            self::rotate(app, &chosen, rotate).await
        }
        Command::Drop(Version { kind, version }) => {
            drop_version(&Chosen::of(app, kind.as_deref())?, &version).await
        }
    }
}

/// The answer with the versions as they stand now, and the times after which a change to them is known: to every
/// instance, and to everyone who keeps a key set no longer than told.
async fn with_keys(chosen: &Chosen<'_>, done: Done) -> Result<Done, Refused> {
    let secret = chosen.keeper.show().await?;
    let keys = secret.map_or(Ok(json!([])), |secret| shown(chosen.algorithm, &secret))?;
    let done = done.with("keys", keys).with("reloadSeconds", json!(RELOAD_EVERY.as_secs()));
    Ok(done.with("keySetSeconds", json!(chosen.keeper.published_before_use.as_secs())))
}

/// Makes the first key, which may sign at once: no token could be signed before.
async fn make(chosen: &Chosen<'_>) -> Result<Done, Refused> {
    let version = chosen.keeper.make_first().await?;
    let done = Done::secret_version(&version).with("version", json!(version));
    with_keys(chosen, done).await
}

async fn rotate(app: &App, chosen: &Chosen<'_>, rotate: Rotate) -> Result<Done, Refused> {
    let Rotate { version, force, wait_seconds, .. } = rotate;
    let wait = wait_seconds.map(Duration::from_secs);
    let now = app.service.clock.now();
    let done = match chosen.keeper.rotate(version.as_deref(), force, wait, now).await? {
        Rotation::Published { version, signs_from } => Done::secret_version(&version)
            .with("state", json!("published"))
            .with("version", json!(version))
            .with("signsFrom", json!(signs_from.secs()))
            .with("waitSeconds", json!(signs_from.since(now).as_millis().div_ceil(1000))),
        Rotation::Current { version } => {
            Done::secret_version(&version).with("state", json!("current")).with("version", json!(version))
        }
    };
    with_keys(chosen, done).await
}

async fn drop_version(chosen: &Chosen<'_>, version: &str) -> Result<Done, Refused> {
    let dropped = match chosen.keeper.drop_version(version).await? {
        Dropped::Current => "current",
        Dropped::Pending => "pending",
        Dropped::Previous => "previous",
        Dropped::Nothing => "nothing",
    };
    with_keys(chosen, Done::secret_version(version).with("dropped", json!(dropped))).await
}

/// The versions that count, by the names that others know them by. No secret text is in an answer.
fn shown(algorithm: TokenAlgorithm, secret: &SigningSecret) -> Result<Value, Refused> {
    secret
        .versions()
        .map(|(stage, version)| {
            let kid = Keys::kid_of(algorithm, &version.text)
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
                "Sign-ins that were not refreshed since the last rotation, or tokens, rest on the previous key, and this \
                 rotation would end them. FORCE=yes ends them now.",
            )
            .until(until),
            KeysError::NoKey => Self::new("no_key", "There is no key of this kind yet: make keys DO=make KIND=RS256 makes one."),
            KeysError::AnotherIsPending => {
                Self::new("another_pending", "Another version is about to sign. Look at the keys first.")
            }
        }
    }
}
