//! The rows of lists as a person is shown them. Times are seconds since the epoch, by our clock.

use std::collections::HashMap;

use saoma_domain::{
    belongings::{Machine, Pair},
    client::Client,
    history::{Act, Entry, Login, What},
    identity::{ClientId, SignInId},
    ports::{Clients, StoreError},
    session::Seen,
    sign_in::SignIn,
    text::CleanText,
    time::Timestamp,
};
use serde::Serialize;

use crate::{Service, row_ids};

/// A client, by the name that people know.
#[derive(Clone, Serialize)]
pub struct ShownClient {
    id: String,
    name: String,
}

/// What we saw of a screen or a phone.
#[derive(Serialize)]
pub struct ShownSeen {
    ip: Option<String>,
    browser: Option<String>,
}

/// A sign-in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownSignIn {
    id: String,
    /// `phone`, `browser`, or, in an export, `screen`.
    kind: &'static str,
    /// Whether the caller's own token belongs to it.
    current: bool,
    app: ShownClient,
    method: &'static str,
    seen: ShownSeen,
    created_at: u64,
    /// When its tokens were last renewed.
    used_at: u64,
    expires_at: u64,
    ended: bool,
}

/// A login: a screen that took a token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownLogin {
    id: String,
    at: u64,
    client: ShownClient,
    dialect: &'static str,
    /// What the screen said of itself. Nothing verified it.
    screen: ShownScreen,
    seen: ShownSeen,
    /// The sign-in of the phone that approved it.
    approved_by: String,
    /// Until when the token that it gave is good.
    token_until: u64,
    ended_at: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownScreen {
    device_name: Option<String>,
    device_mac: Option<String>,
}

/// A machine.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownMachine {
    id: String,
    device_mac: String,
    device_name: Option<String>,
    bound_at: u64,
}

/// A pair.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownPair {
    id: String,
    client: ShownClient,
    login_policy: u8,
    device_id: String,
    approved_by: String,
    /// Whether it may ask without a scan. A person who said no must scan the next time.
    may_ask: bool,
    paired_at: u64,
}

/// An entry of the history.
#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum ShownEntry {
    Login(ShownLogin),
    SignedIn { id: String, at: u64, sign_in: String, app: ShownClient, seen: ShownSeen },
    PushTaken { id: String, at: u64, platform: &'static str },
    Locked { id: String, at: u64 },
    Unlocked { id: String, at: u64 },
    SignInsEnded { id: String, at: u64 },
}

/// Makes shown rows of stored ones, and looks each client up once.
pub struct Shower<'a> {
    pub(crate) service: &'a Service,
    clients: &'a dyn Clients,
    found: HashMap<ClientId, Option<Client>>,
}

impl<'a> Shower<'a> {
    /// One that has looked nothing up yet.
    #[must_use]
    pub fn new(service: &'a Service, clients: &'a dyn Clients) -> Self {
        Self { service, clients, found: HashMap::new() }
    }

    /// The client of something that was made at this moment, by its name. One that was removed has its id for a name,
    /// also when another one is registered under that id by now (`docs/security.md` K4).
    async fn client(&mut self, id: &ClientId, made_at: Timestamp) -> Result<ShownClient, StoreError> {
        if !self.found.contains_key(id) {
            let client = self.service.client(self.clients, id).await?;
            self.found.insert(id.clone(), client);
        }
        let client = self.found.get(id).and_then(Option::as_ref).filter(|client| client.is_of(made_at));
        let name = client.map_or_else(|| id.to_string(), |client| client.name.to_string());
        Ok(ShownClient { id: id.to_string(), name })
    }

    /// A sign-in. `current` is the one whose own token asks, if one does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_in(
        &mut self,
        sign_in: &SignIn,
        current: Option<&SignInId>,
    ) -> Result<ShownSignIn, StoreError> {
        Ok(ShownSignIn {
            id: sign_in.id.as_str().to_owned(),
            kind: sign_in.holder.kind().as_str(),
            current: current == Some(&sign_in.id),
            app: self.client(&sign_in.client, sign_in.created_at).await?,
            method: sign_in.method.as_str(),
            seen: seen(&sign_in.seen),
            created_at: sign_in.created_at.secs(),
            used_at: sign_in.family.rotated_at.secs(),
            expires_at: sign_in.expires_at.secs(),
            ended: !sign_in.is_live(self.service.clock.now()),
        })
    }

    /// A login.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn login(&mut self, entry: &Entry, login: &Login) -> Result<ShownLogin, StoreError> {
        let own = |text: &CleanText<64>| text.as_str().to_owned();
        let at = entry.id.at();
        Ok(ShownLogin {
            id: entry.id.as_str().to_owned(),
            at: at.secs(),
            client: self.client(&login.client, at).await?,
            dialect: login.dialect.as_str(),
            screen: ShownScreen {
                device_name: login.claims.device_name.as_ref().map(own),
                device_mac: login.claims.device_mac.as_ref().map(own),
            },
            seen: seen(&login.seen),
            approved_by: login.approved_by.as_str().to_owned(),
            token_until: at.plus(self.service.settings.access_token_life).secs(),
            ended_at: login.ended_at.map(Timestamp::secs),
        })
    }

    /// An entry of the history.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn entry(&mut self, entry: &Entry) -> Result<ShownEntry, StoreError> {
        let (id, at) = (entry.id.as_str().to_owned(), entry.id.at().secs());
        Ok(match &entry.what {
            What::Login(login) => ShownEntry::Login(self.login(entry, login).await?),
            What::SignedIn(phone) => ShownEntry::SignedIn {
                id,
                at,
                sign_in: phone.sign_in.as_str().to_owned(),
                app: self.client(&phone.app, entry.id.at()).await?,
                seen: seen(&phone.seen),
            },
            What::PushTaken { platform } => ShownEntry::PushTaken { id, at, platform: platform.as_str() },
            What::ByOperator(Act::Locked) => ShownEntry::Locked { id, at },
            What::ByOperator(Act::Unlocked) => ShownEntry::Unlocked { id, at },
            What::ByOperator(Act::EndedSignIns) => ShownEntry::SignInsEnded { id, at },
        })
    }

    /// A pair.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pair(&mut self, pair: &Pair) -> Result<ShownPair, StoreError> {
        Ok(ShownPair {
            id: row_ids::pair_id(&pair.client, pair.policy),
            client: self.client(&pair.client, pair.paired_at).await?,
            login_policy: pair.policy.number(),
            device_id: pair.device.as_str().to_owned(),
            approved_by: pair.approved_by.as_str().to_owned(),
            may_ask: pair.may_ask,
            paired_at: pair.paired_at.secs(),
        })
    }
}

/// A machine.
#[must_use]
pub fn machine(machine: &Machine) -> ShownMachine {
    ShownMachine {
        id: row_ids::machine_id(&machine.mac),
        device_mac: machine.mac.as_str().to_owned(),
        device_name: machine.name.as_ref().map(ToString::to_string),
        bound_at: machine.bound_at.secs(),
    }
}

fn seen(seen: &Seen) -> ShownSeen {
    ShownSeen {
        ip: seen.ip.map(|ip| ip.to_string()),
        browser: seen.browser.as_ref().map(ToString::to_string),
    }
}
