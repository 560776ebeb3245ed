//! `/oauth/*` and `/.well-known/*` (`docs/oauth.md`), by topic. This file has what their tests share.

mod assertions;
mod bodies;
mod browser;
pub(crate) mod canaries;
pub(crate) mod ciba;
pub(crate) mod code;
mod device;
pub(crate) mod dpop;
pub(crate) mod here;
mod keys;
mod logout;
mod metadata;
mod par;
mod refresh;
mod relying_parties;
mod rs256;
pub(crate) mod signer;
mod tokens;
mod user_code;
mod without_pkce;

use std::time::Duration;

use acceptance::{Answer, Call, Person, World};
use saoma_domain::{
    client::Client,
    oauth::{ClientAuth, GrantType, OauthClient},
    session::{Dialect, Session},
};
use serde_json::{Value, json};

use crate::pages;

/// The `grant_type` of RFC 8628.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// A public client with both grants that there are.
pub(crate) const TV: &str = "my-tv";
/// What it asks for.
const SCOPE: &str = "openid profile phone offline_access";

/// A call with a form.
pub(crate) fn form(path: &str, pairs: &[(&str, &str)]) -> Call {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Call::post(path).body("application/x-www-form-urlencoded", &body)
}

/// Registers a public client that asks by device and refreshes.
pub(crate) fn register(world: &World, id: &str) {
    register_as(world, id, ClientAuth::None);
}

/// Registers a client; its secret comes back.
pub(crate) fn register_as(world: &World, id: &str, auth: ClientAuth) -> String {
    let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    let oauth = OauthClient { grants, auth, ..OauthClient::default() };
    let secret =
        world.register_client(id, |client| Client { dialects: vec![Dialect::Oauth], oauth, ..client });
    secret.reveal().to_owned()
}

/// The poll of a client with this device code.
pub(crate) fn polling(client: &str, device_code: &str) -> Call {
    let pairs = [("grant_type", DEVICE_GRANT), ("client_id", client), ("device_code", device_code)];
    form("/oauth/token", &pairs)
}

/// A device that shows a QR and a user code.
pub(crate) struct Device {
    client: &'static str,
    begun: Value,
}

impl Device {
    pub(crate) async fn begin(world: &World) -> Self {
        Self::begin_as(world, TV, SCOPE).await
    }

    async fn begin_as(world: &World, client: &'static str, scope: &str) -> Self {
        let asked = form("/oauth/device_authorization", &[("client_id", client), ("scope", scope)]);
        let begun = world.call(asked).await;
        assert_eq!(begun.status, 200, "{}", begun.whole());
        Self { client, begun: begun.json() }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.begun[name].as_str().unwrap()
    }

    fn code(&self) -> &str {
        self.text("device_code").split('.').next().unwrap()
    }

    fn session(&self, world: &World) -> Session {
        world.session(self.code())
    }

    pub(crate) fn exchange(&self) -> Call {
        polling(self.client, self.text("device_code"))
    }

    async fn poll(&self, world: &World) -> Answer {
        world.call(self.exchange()).await
    }

    /// The person scans and agrees.
    pub(crate) async fn approved_by(&self, world: &World, person: &Person) {
        for step in ["scan", "confirm"] {
            let answer = pages::step(world, step, person, self.code(), &json!({})).await;
            assert_eq!(answer.status, 200, "{}", answer.whole());
        }
    }

    /// A device whose person has agreed, and its tokens.
    pub(crate) async fn signed_in(world: &World, person: &Person) -> Value {
        let device = Self::begin(world).await;
        device.approved_by(world, person).await;
        let tokens = device.poll(world).await;
        assert_eq!(tokens.status, 200, "{}", tokens.whole());
        tokens.json()
    }
}

/// A conversation with the service, request by request.
struct Conversation<'a> {
    world: &'a World,
    text: String,
}

impl<'a> Conversation<'a> {
    fn with(world: &'a World) -> Self {
        Self { world, text: String::new() }
    }

    async fn says(&mut self, call: Call) -> Answer {
        let request = call.whole();
        let answer = self.world.call(call).await;
        self.text.extend([request, "\n".to_owned(), answer.whole(), "\n".to_owned()]);
        answer
    }
}

/// A world with the TV registered, and a person with a phone.
async fn with_tv() -> (World, Person) {
    let world = World::default();
    register(&world, TV);
    let person = world.sign_in("13800138000").await;
    (world, person)
}

fn pass(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
}

/// Asserts a refusal in the shape of RFC 6749 section 5.2.
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.text("error")),
        (status, error.to_owned()),
        "{}",
        answer.whole()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
}

/// The claims of a token. Its signature is verified elsewhere.
fn claims(token: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}
