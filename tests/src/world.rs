//! A whole service in process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::Router;
use lambda_http::Request;
use notify::{BatchAnswer, Record};
use saoma_domain::{
    account::{Account, AccountStatus},
    client::Client,
    identity::{AccountId, ClientId, PhoneNumber},
    ports::Clock,
    secrets::{Secret, SessionCode},
    session::{Dialect, Session},
};
use saoma_http::{Environment, Service, Settings, auth::Phones, config::read_time_zone};
use saoma_memory::{
    Memory,
    world::{Drawer, FixedClock, Outbox, Post, SeededRandom},
};
use saoma_tokens::Keys;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Answer, Call};

/// The tests' signing secret. It signs nothing that is deployed.
pub const SIGNING_SECRET: &str = "a-secret-for-tests-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI";
/// The tests' public address, and so the tokens' issuer.
pub const ISSUER: &str = "https://login.example.com";

/// All functions over one memory.
pub struct World {
    /// The stores.
    pub memory: Arc<Memory>,
    /// Stands at the kiosk contract's example until moved.
    pub clock: Arc<FixedClock>,
    /// The same bytes in every run.
    pub random: Arc<SeededRandom>,
    /// The messages sent.
    pub outbox: Arc<Outbox>,
    /// The pictures stored.
    pub drawer: Arc<Drawer>,
    /// What was pushed, published and posted.
    pub post: Arc<Post>,
    /// Settings, keys and pace.
    pub service: Service,
    /// What notify works with.
    pub notify: notify::App,
    /// The newest version of each session that the stream has brought.
    brought: Mutex<HashMap<SessionCode, u64>>,
    routers: [Router; 8],
}

/// Somebody with a phone that is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their number.
    pub number: String,
    /// Their phone's access token.
    pub token: String,
    /// Their phone's refresh token.
    pub refresh_token: String,
    /// Their account.
    pub account: AccountId,
}

impl Default for World {
    fn default() -> Self {
        Self::with(&[])
    }
}

impl World {
    /// A world with these variables set, besides `PUBLIC_URL`.
    #[must_use]
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let memory = Arc::new(Memory::default());
        let clock = Arc::new(FixedClock::at(FixedClock::EXAMPLE));
        let random = Arc::new(SeededRandom::new(42));
        let (outbox, drawer) = (Arc::new(Outbox::default()), Arc::new(Drawer::default()));
        let post = Arc::new(Post::default());
        let variables = [("PUBLIC_URL", ISSUER)].into_iter().chain(variables.iter().copied());
        let environment = Environment::of(variables);
        let settings = Settings::read(&environment).unwrap();
        let keys = Keys::derive(SIGNING_SECRET, None).unwrap();
        let service = Service::new(settings, keys, clock.clone(), random.clone());
        let phones = Phones::new(service.clone(), memory.clone(), memory.clone());
        let routers = [
            kiosk::router(kiosk::App {
                service: service.clone(),
                phones: phones.clone(),
                sessions: memory.clone(),
                clients: memory.clone(),
                accounts: memory.clone(),
                devices: memory.clone(),
                pictures: drawer.clone(),
                time_zone: read_time_zone(&environment).unwrap(),
            }),
            web::router(web::App {
                service: service.clone(),
                phones: phones.clone(),
                sessions: memory.clone(),
                clients: memory.clone(),
                accounts: memory.clone(),
                devices: memory.clone(),
            }),
            oauth::router(service.clone()),
            accounts::router(accounts::App {
                service: service.clone(),
                phones: phones.clone(),
                clients: memory.clone(),
                accounts: memory.clone(),
                sign_ins: memory.clone(),
                challenges: memory.clone(),
                sms: outbox.clone(),
            }),
            pages::router(pages::App {
                service: service.clone(),
                phones: phones.clone(),
                sessions: memory.clone(),
                clients: memory.clone(),
                accounts: memory.clone(),
                devices: memory.clone(),
            }),
            remembered::router(remembered::App {
                service: service.clone(),
                phones: phones.clone(),
                sessions: memory.clone(),
                traces: memory.clone(),
                prompts: memory.clone(),
                clients: memory.clone(),
                devices: memory.clone(),
            }),
            shop::router(shop::App {
                service: service.clone(),
                phones: phones.clone(),
                sessions: memory.clone(),
                clients: memory.clone(),
                accounts: memory.clone(),
                devices: memory.clone(),
                pictures: drawer.clone(),
            }),
            devices::router(devices::App {
                service: service.clone(),
                phones: phones.clone(),
                endpoints: memory.clone(),
                push: post.clone(),
            }),
        ];
        let notify = notify::App {
            service: service.clone(),
            public_url: ISSUER.to_owned(),
            sessions: memory.clone(),
            clients: memory.clone(),
            prompts: memory.clone(),
            accounts: memory.clone(),
            sign_ins: memory.clone(),
            endpoints: memory.clone(),
            push: post.clone(),
            topic: post.clone(),
            webhooks: post.clone(),
            effects: memory.clone(),
        };
        Self {
            memory,
            clock,
            random,
            outbox,
            drawer,
            post,
            service,
            notify,
            brought: Mutex::default(),
            routers,
        }
    }

    /// Makes a call, to the function that `template.yaml` gives its path to.
    pub async fn call(&self, call: Call) -> Answer {
        let path = call.path();
        let function = match path {
            _ if path.starts_with("/api/qrCode/") => 0,
            _ if path.starts_with("/qr/") => 1,
            _ if path.starts_with("/.well-known/") => 2,
            _ if path.starts_with("/api/user/") => 3,
            _ if path.starts_with("/login/") => 5,
            _ if path.starts_with("/qrlogin/") || path.starts_with("/qrcode/") => 6,
            _ if path.starts_with("/api/device/") => 7,
            _ => 4,
        };
        self.hand_to(function, call.request()).await
    }

    /// Makes a call to the function of this name, whatever its path.
    pub async fn call_function(&self, name: &str, request: Request) -> Answer {
        const FUNCTIONS: [&str; 8] =
            ["kiosk", "web", "oauth", "accounts", "pages", "remembered", "shop", "devices"];
        let function = FUNCTIONS.iter().position(|function| *function == name);
        self.hand_to(function.unwrap_or_else(|| panic!("there is no function {name}")), request).await
    }

    async fn hand_to(&self, function: usize, request: Request) -> Answer {
        Answer::read(self.routers[function].clone().oneshot(request).await.unwrap()).await
    }

    /// Hands notify what the stream would: these sessions as they stood, one record each.
    pub async fn stream(&self, sessions: &[Session]) -> BatchAnswer {
        let record = |(n, session): (usize, &Session)| Record {
            id: n.to_string(),
            session: Ok(Some(session.clone())),
        };
        notify::handle(&self.notify, sessions.iter().enumerate().map(record).collect()).await
    }

    /// Brings notify all that has changed since the last time, and what changes by that, until
    /// nothing does. Panics when a record fails.
    pub async fn stream_all(&self) {
        loop {
            let changed = self.changed();
            if changed.is_empty() {
                return;
            }
            let answer = self.stream(&changed).await;
            assert_eq!(answer, BatchAnswer::default());
        }
    }

    /// The sessions that changed since this was last asked, as they stand.
    pub fn changed(&self) -> Vec<Session> {
        let mut brought = self.brought.lock().unwrap();
        let mut changed = self.memory.sessions();
        changed
            .retain(|session| brought.insert(session.code.clone(), session.version) != Some(session.version));
        changed.sort_by_key(|session| (session.updated_at, session.version));
        changed
    }

    /// Signs in with this number, by a code that came by SMS.
    pub async fn sign_in(&self, number: &str) -> Person {
        self.sign_in_with(number, json!({})).await
    }

    /// The same, through the app of this client.
    pub async fn sign_in_through(&self, number: &str, app: &str) -> Person {
        self.sign_in_with(number, json!({"client": app})).await
    }

    async fn sign_in_with(&self, number: &str, mut body: Value) -> Person {
        let sent = self.call(Call::post("/api/user/sendCode").json(&json!({"phone": number}))).await;
        assert_eq!(sent.status, 200, "{}", sent.whole());
        body["phone"] = json!(number);
        body["code"] = json!(self.outbox.last_code().unwrap());
        let signed_in = self.call(Call::post("/api/user/login/code").json(&body)).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.whole());
        let member = signed_in.json()["user"]["memberId"].as_str().unwrap().to_owned();
        Person {
            number: number.to_owned(),
            token: signed_in.text("token"),
            refresh_token: signed_in.text("refreshToken"),
            account: AccountId::parse(&member).unwrap(),
        }
    }

    /// The stored session with this code.
    #[must_use]
    pub fn session(&self, code: &str) -> Session {
        let code = SessionCode::parse(code).unwrap();
        self.memory.sessions().into_iter().find(|session| session.code == code).unwrap()
    }

    /// Changes an account's status, as an operator would.
    pub fn set_status(&self, person: &Person, status: AccountStatus) {
        self.memory.put_account(Account { status, ..Self::account_of(person) });
    }

    /// Resets an account's credentials now.
    pub fn reset_credentials(&self, person: &Person) {
        let credentials_at = self.clock.now();
        self.memory.put_account(Account { credentials_at, ..Self::account_of(person) });
    }

    fn account_of(person: &Person) -> Account {
        Account {
            id: person.account,
            phone_number: PhoneNumber::parse(&person.number),
            status: AccountStatus::Active,
            credentials_at: FixedClock::EXAMPLE,
            created_at: FixedClock::EXAMPLE,
        }
    }

    /// Registers a client; its server's secret comes back.
    pub fn register_client(&self, id: &str, change: impl FnOnce(Client) -> Client) -> Secret {
        let secret = Secret::random(&*self.random);
        let built_in = ClientId::parse(Client::DEFAULT_WEB).unwrap();
        let client = Client {
            id: ClientId::parse(id).unwrap(),
            secret: Some(secret.hash()),
            dialects: vec![Dialect::Kiosk, Dialect::Web, Dialect::Remembered, Dialect::Shop],
            ..Client::built_in(&built_in, id).unwrap()
        };
        self.memory.put_client(change(client));
        secret
    }
}
