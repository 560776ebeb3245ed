//! A whole service in process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::Router;
use kiosk::time_zone::read_time_zone;
use lambda_http::Request;
use notify::{BatchAnswer, Record};
use saoma_app::{
    Environment, FoundChecks, FoundSessions, LoggedAlarm, LoggedHistory, LoggedTell, Notices, RecentClients,
    Service, Settings,
    metrics::{Metric, Metrics, Sink},
};
use saoma_domain::{
    account::{Account, AccountStatus},
    cases::{
        AccountKeeper, AskedLogins, Browsers, ClientKeeper, ForeignPeople, KeyKeeper, Lives, Logins, Mine,
        NoSockets, People, RememberedLogins, Screens, SeedMaker, SmsSwitch, Texting, TypedCodes,
    },
    client::Client,
    identity::{AccountId, ClientId, PhoneNumber},
    ports::{Clock, QueuedCall, Tell, WaitingCall},
    secrets::{Secret, SessionCode},
    session::{Dialect, Session},
    sms_challenge::ChallengeId,
    text::CleanText,
};
use saoma_http::{auth::Phones, telemetry::AuditLog};
use saoma_memory::{
    Memory,
    vault::Vault,
    world::{Bell, Drawer, FixedClock, Outbox, Post, SeededRandom},
};
use saoma_notify::HttpKeySets;
use saoma_tokens::{
    IssuedTokens, KeySetCache, Keyring, RsaKeyMaker,
    keyring::{PUBLISHED_BEFORE_USE, RSA_PUBLISHED_BEFORE_USE},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Answer, Call, Description};

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
    /// The signing secret.
    pub vault: Arc<Vault>,
    /// The secret that holds RSA keys. It has none until an operator makes one.
    pub rsa_vault: Arc<Vault>,
    /// The same bytes in every run.
    pub random: Arc<SeededRandom>,
    /// The messages sent.
    pub outbox: Arc<Outbox>,
    /// The pictures stored.
    pub drawer: Arc<Drawer>,
    /// What was pushed, published and posted.
    pub post: Arc<Post>,
    /// The screens that were told to poll.
    pub bell: Arc<Bell>,
    /// Settings, keys and pace.
    pub service: Service,
    /// What was counted for operators.
    pub counts: Arc<Counts>,
    /// What notify works with.
    pub notify: notify::App,
    /// What operators' commands work with.
    pub admin: admin::App,
    /// What deliver works with.
    pub deliver: deliver::App,
    /// What sockets work with.
    pub socket: socket::App,
    /// What its functions stand on.
    around: Around,
    /// The newest version of each session that the stream has brought.
    brought: Mutex<HashMap<SessionCode, u64>>,
    /// By the function's name.
    routers: HashMap<&'static str, Router>,
}

/// What the instances of one world share.
#[derive(Clone)]
struct Around {
    memory: Arc<Memory>,
    clock: Arc<FixedClock>,
    random: Arc<SeededRandom>,
    outbox: Arc<Outbox>,
    drawer: Arc<Drawer>,
    post: Arc<Post>,
    bell: Arc<Bell>,
    vault: Arc<Vault>,
    rsa_vault: Arc<Vault>,
    environment: Environment,
}

/// A person with a phone that is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their number.
    pub number: String,
    /// Their phone's access token.
    pub token: String,
    /// Their phone's refresh token.
    pub refresh_token: String,
    /// What makes their phone a known device.
    pub known: String,
    /// Their account.
    pub account: AccountId,
}

impl Default for World {
    fn default() -> Self {
        Self::with(&[])
    }
}

impl World {
    /// A world with these variables set, besides `PUBLIC_URL`. It sends messages to all countries.
    #[must_use]
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let clock = Arc::new(FixedClock::at(FixedClock::EXAMPLE));
        let ours = [("PUBLIC_URL", ISSUER), ("BUILT_IN_CLIENTS", "true"), ("SMS_COUNTRIES", "all")];
        let variables = ours.into_iter().chain(variables.iter().copied());
        let memory = Arc::<Memory>::default();
        let around = Around {
            bell: Arc::new(Bell::of(memory.clone())),
            memory,
            random: Arc::new(SeededRandom::new(42)),
            outbox: Arc::default(),
            drawer: Arc::default(),
            post: Arc::default(),
            vault: Arc::new(Vault::holding(SIGNING_SECRET, clock.clone())),
            rsa_vault: Arc::new(Vault::empty(clock.clone())),
            clock,
            environment: Environment::of(variables),
        };
        Self::of(around)
    }

    /// Another instance of every function, which starts now, in the same world.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::of(self.around.clone())
    }

    #[expect(clippy::too_many_lines, reason = "wires the functions, one after the other")]
    fn of(around: Around) -> Self {
        let Around { memory, clock, random, outbox, drawer, post, bell, vault, rsa_vault, environment } =
            around.clone();
        let settings = Settings::read(&environment).unwrap();
        let keys = Keyring::new(&vault.secret(), vault.clone(), clock.clone()).unwrap();
        let keys = keys.with_rsa(rsa_vault.found().as_ref(), rsa_vault.clone()).unwrap();
        let counts = Arc::new(Counts::default());
        let metrics = Metrics::into_sink("test", counts.clone());
        let service = Service { metrics, ..Service::new(settings, keys, clock.clone(), random.clone()) };
        let ours = Phones::new(service.clone(), memory.clone());
        let history = Arc::new(LoggedHistory(memory.clone()));
        let clients = Arc::new(RecentClients::new(memory.clone(), clock.clone()));
        let tell: Arc<dyn Tell> = match service.settings.socket_url {
            Some(_) => Arc::new(LoggedTell(bell.clone())),
            None => Arc::new(NoSockets),
        };
        let logins = Logins {
            sessions: Arc::new(FoundSessions { stored: memory.clone(), pace: service.pace.clone() }),
            checks: Arc::new(FoundChecks { stored: memory.clone(), pace: service.pace.clone() }),
            history,
            clients: clients.clone(),
            built_ins: service.settings.built_ins.clone(),
            audit: Arc::new(AuditLog::new(service.clone())),
            tell,
            ..saoma_memory::wired::logins(&memory, random.clone())
        };
        let key_sets = key_sets(&service, &memory);
        let phones = ours.clone().admitting(foreign_people(&service, &memory, &logins, key_sets.clone()));
        let people = people_over(&service, &memory, &outbox, clients.clone());
        let remembered = RememberedLogins {
            logins: logins.clone(),
            traces: memory.clone(),
            pairs: memory.clone(),
            prompts: memory.clone(),
            lives: Lives { qr: service.settings.session_life, prompt: service.settings.prompt_life },
        };
        let kiosk = kiosk::App {
            service: service.clone(),
            phones: phones.clone(),
            logins: logins.clone(),
            clients: clients.clone(),
            pictures: drawer.clone(),
            time_zone: read_time_zone(&environment).unwrap(),
        };
        let web = web::App {
            service: service.clone(),
            phones: phones.clone(),
            logins: logins.clone(),
            clients: clients.clone(),
        };
        let notices = Notices { endpoints: memory.clone(), checks: memory.clone(), push: post.clone() };
        let accounts = accounts::App {
            service: service.clone(),
            phones: phones.clone(),
            clients: clients.clone(),
            people: people.clone(),
            notices: notices.clone(),
        };
        let pages = pages::App {
            service: service.clone(),
            phones: phones.clone(),
            logins: logins.clone(),
            clients: clients.clone(),
        };
        let remembered = remembered::App {
            service: service.clone(),
            phones: phones.clone(),
            logins: remembered,
            clients: clients.clone(),
        };
        let shop = shop::App {
            service: service.clone(),
            phones: phones.clone(),
            logins: logins.clone(),
            clients: clients.clone(),
            visits: memory.clone(),
            pictures: drawer.clone(),
        };
        let oauth = oauth::App {
            service: service.clone(),
            logins: logins.clone(),
            screens: Screens {
                sign_ins: memory.clone(),
                checks: memory.clone(),
                clients: memory.clone(),
                keys: service.keys.clone(),
                random: random.clone(),
                lives: service.settings.sign_ins,
            },
            browsers: Browsers {
                logins: logins.clone(),
                sign_ins: memory.clone(),
                belongings: memory.clone(),
                keys: service.keys.clone(),
                life: service.settings.sso_life,
            },
            checks: memory.clone(),
            accounts: memory.clone(),
            clients: clients.clone(),
            once: memory.clone(),
            key_sets,
            phones: phones.clone(),
            typed: TypedCodes { logins: logins.clone(), tries: memory.clone(), keys: service.keys.clone() },
            asked: AskedLogins {
                logins: logins.clone(),
                pairs: memory.clone(),
                prompts: memory.clone(),
                life: service.settings.session_life,
            },
        };
        let mine = Mine {
            belongings: memory.clone(),
            leaving: memory.clone(),
            sign_ins: memory.clone(),
            checks: memory.clone(),
            endpoints: memory.clone(),
            push: Some(post.clone()),
            visits: memory.clone(),
            random: random.clone(),
        };
        let my = people::App {
            service: service.clone(),
            phones: phones.clone(),
            clients: clients.clone(),
            checks: memory.clone(),
            people: people.clone(),
            mine: mine.clone(),
        };
        let devices = devices::App {
            service: service.clone(),
            phones: ours,
            endpoints: memory.clone(),
            push: post.clone(),
            notices,
        };
        let notify = telling(&service, &memory, &post, clients.clone(), logins);
        let admin = admin::App {
            service: service.clone(),
            clients: ClientKeeper {
                registry: memory.clone(),
                keys: service.keys.clone(),
                random: random.clone(),
            },
            accounts: AccountKeeper {
                accounts: memory.clone(),
                history: Arc::new(LoggedHistory(memory.clone())),
            },
            mine,
            known_clients: clients.clone(),
            calls: post.clone(),
            failed_calls: post.clone(),
            challenges: memory.clone(),
            switches: memory.clone(),
            keys: KeyKeeper {
                stages: vault.clone(),
                maker: Arc::new(SeedMaker(random.clone())),
                random: random.clone(),
                published_before_use: PUBLISHED_BEFORE_USE,
                rests_for: service.settings.sign_ins.idle,
            },
            rsa_keys: Some(KeyKeeper {
                stages: rsa_vault.clone(),
                maker: Arc::new(RsaKeyMaker(random.clone())),
                random: random.clone(),
                published_before_use: RSA_PUBLISHED_BEFORE_USE,
                rests_for: service.settings.access_token_life,
            }),
        };
        let deliver = calling(&service, &memory, &post);
        let socket = socket::App {
            service: service.clone(),
            public_url: ISSUER.to_owned(),
            clients: clients.clone(),
            watchers: memory.clone(),
        };
        let routers = HashMap::from([
            ("kiosk", kiosk::router(kiosk)),
            ("web", web::router(web)),
            ("oauth", oauth::router(oauth)),
            ("accounts", accounts::router(accounts)),
            ("pages", pages::router(pages)),
            ("remembered", remembered::router(remembered)),
            ("shop", shop::router(shop)),
            ("devices", devices::router(devices)),
            ("people", people::router(my)),
        ]);
        Self {
            memory,
            clock,
            vault,
            rsa_vault,
            random,
            outbox,
            drawer,
            post,
            bell,
            service,
            counts,
            notify,
            admin,
            deliver,
            socket,
            around,
            brought: Mutex::default(),
            routers,
        }
    }

    /// Makes a call, to the function that `template.yaml` gives its path to. If `/openapi.json` describes the call, the
    /// answer must be as described, and so must the request unless it is refused.
    pub async fn call(&self, call: Call) -> Answer {
        let path = call.path();
        let function = match path {
            _ if path.starts_with("/api/qrCode/") => "kiosk",
            _ if path.starts_with("/qr/") => "web",
            _ if path.starts_with("/.well-known/") || path.starts_with("/oauth/") => "oauth",
            "/api/user/sendCode"
            | "/api/user/login/code"
            | "/api/user/prove"
            | "/api/user/refresh"
            | "/api/user/logout" => "accounts",
            _ if path.starts_with("/api/user") => "people",
            _ if path.starts_with("/login/") => "remembered",
            _ if path.starts_with("/qrlogin/") || path.starts_with("/qrcode/") => "shop",
            _ if path.starts_with("/api/device/") => "devices",
            _ => "pages",
        };
        let described = Description::served().operation(call.method(), path);
        let answer = self.call_function(function, call.request()).await;
        if let Some(operation) = described {
            operation.hold(&answer);
            if !answer.is_refusal() && !call.is_odd() {
                operation.hold_taken(&call);
            }
        }
        answer
    }

    /// Makes a call to the function of this name, whatever its path.
    pub async fn call_function(&self, name: &str, request: Request) -> Answer {
        let router = self.routers.get(name).unwrap_or_else(|| panic!("there is no function {name}"));
        Answer::read(router.clone().oneshot(request).await.unwrap()).await
    }

    /// Carries out an operator's command; its answer.
    pub async fn command(&self, mut event: Value) -> Value {
        if let Some(fields) = event.as_object_mut() {
            fields.entry("by").or_insert(json!("operator"));
        }
        admin::handle(&self.admin, &event.to_string()).await
    }

    /// Hands an event of the WebSocket API to the function behind it; its answer.
    pub async fn at_socket(&self, event: &Value) -> socket::Answer {
        socket::handle(&self.socket, &event.to_string()).await
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
    /// nothing does; and makes the calls that are queued by it. Panics when a record or a call fails.
    pub async fn stream_all(&self) {
        loop {
            let changed = self.changed();
            if changed.is_empty() {
                break;
            }
            let answer = self.stream(&changed).await;
            assert_eq!(answer, BatchAnswer::default());
        }
        let answer = self.hand_over(&self.queued(), 1).await;
        assert_eq!(answer, BatchAnswer::default());
    }

    /// Takes the calls out of the queue.
    pub fn queued(&self) -> Vec<QueuedCall> {
        let mut queued = Vec::new();
        self.post.change(|posted| queued = std::mem::take(&mut posted.queued));
        queued
    }

    /// Hands deliver what the queue would: these calls for the n-th time, one message each. A message and its receipt
    /// are called by the place of their call.
    pub async fn hand_over(&self, calls: &[QueuedCall], handovers: u32) -> BatchAnswer {
        let waiting = |(n, call): (usize, &QueuedCall)| WaitingCall {
            message: n.to_string(),
            receipt: n.to_string(),
            handovers,
            call: Ok(call.clone()),
        };
        deliver::handle(&self.deliver, calls.iter().enumerate().map(waiting).collect()).await
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
        let challenge = ChallengeId::random(&*self.random).as_str().to_owned();
        let asking = json!({"phone": number, "challenge": challenge});
        let sent = self.call(Call::post("/api/user/sendCode").json(&asking)).await;
        assert_eq!(sent.status, 200, "{}", sent.whole());
        body["challenge"] = json!(challenge);
        body["code"] = json!(self.outbox.last_code().unwrap());
        let signed_in = self.call(Call::post("/api/user/login/code").json(&body)).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.whole());
        let member = signed_in.json()["user"]["memberId"].as_str().unwrap().to_owned();
        Person {
            number: number.to_owned(),
            token: signed_in.text("token"),
            refresh_token: signed_in.text("refreshToken"),
            known: signed_in.text("known"),
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
            phone_number: PhoneNumber::mainland(&person.number),
            status: AccountStatus::Active,
            credentials_at: FixedClock::EXAMPLE,
            created_at: FixedClock::EXAMPLE,
        }
    }

    /// Registers a client; its server's secret comes back.
    pub fn register_client(&self, id: &str, change: impl FnOnce(Client) -> Client) -> Secret {
        let secret = Secret::random(&*self.random);
        let plain = Client::plain(ClientId::parse(id).unwrap(), CleanText::new(id), Dialect::ALL.to_vec());
        self.memory.put_client(change(Client { secret: Some(secret.hash()), ..plain }));
        secret
    }
}

/// The people over this memory, whose messages go into this outbox.
fn people_over(
    service: &Service,
    memory: &Arc<Memory>,
    outbox: &Arc<Outbox>,
    clients: Arc<RecentClients>,
) -> People {
    People {
        accounts: memory.clone(),
        sign_ins: memory.clone(),
        history: Arc::new(LoggedHistory(memory.clone())),
        clients,
        checks: memory.clone(),
        texting: Texting {
            challenges: memory.clone(),
            known: memory.clone(),
            sender: Arc::new(service.count_messages(outbox.clone())),
            switch: Arc::new(SmsSwitch::new(memory.clone())),
            alarm: Arc::new(LoggedAlarm::new(service.metrics.clone())),
            limits: service.settings.sms.clone(),
            texts: service.settings.sms_texts.clone(),
        },
        keys: service.keys.clone(),
        random: service.random.clone(),
        lives: service.settings.sign_ins,
    }
}

/// The people of other issuers, whose key sets are fetched from servers on the own machine.
fn foreign_people(
    service: &Service,
    memory: &Arc<Memory>,
    logins: &Logins,
    key_sets: Arc<KeySetCache>,
) -> ForeignPeople {
    ForeignPeople {
        sessions: logins.sessions.clone(),
        clients: logins.clients.clone(),
        built_ins: logins.built_ins.clone(),
        tokens: Arc::new(IssuedTokens(key_sets)),
        accounts: memory.clone(),
        sign_ins: memory.clone(),
        history: logins.history.clone(),
        keys: service.keys.clone(),
        random: service.random.clone(),
        lives: service.settings.sign_ins,
    }
}

/// The key sets that others publish, also on this machine.
fn key_sets(service: &Service, memory: &Arc<Memory>) -> Arc<KeySetCache> {
    let (clock, random) = (service.clock.clone(), service.random.clone());
    Arc::new(KeySetCache::new(Arc::new(HttpKeySets::new(true)), memory.clone(), clock, random))
}

/// What notify works with.
fn telling(
    service: &Service,
    memory: &Arc<Memory>,
    post: &Arc<Post>,
    clients: Arc<RecentClients>,
    logins: Logins,
) -> notify::App {
    notify::App {
        service: service.clone(),
        public_url: ISSUER.to_owned(),
        logins,
        clients,
        prompts: memory.clone(),
        checks: memory.clone(),
        endpoints: memory.clone(),
        push: post.clone(),
        topic: post.clone(),
        calls: post.clone(),
        effects: memory.clone(),
    }
}

/// What deliver works with.
fn calling(service: &Service, memory: &Arc<Memory>, post: &Arc<Post>) -> deliver::App {
    deliver::App {
        service: service.clone(),
        public_url: ISSUER.to_owned(),
        clients: memory.clone(),
        sessions: memory.clone(),
        webhooks: post.clone(),
        queue: post.clone(),
        servers: memory.clone(),
        circuits: Arc::default(),
    }
}

/// The counts for operators, instead of `CloudWatch`.
#[derive(Default)]
pub struct Counts(Mutex<Vec<Value>>);

impl Sink for Counts {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(serde_json::from_str(line).unwrap());
    }
}

impl Counts {
    /// The values of a metric so far, with their reasons.
    #[must_use]
    pub fn of(&self, metric: Metric) -> Vec<(f64, Option<String>)> {
        let lines = self.0.lock().unwrap();
        let of = |line: &Value| {
            let reason = line["Reason"].as_str().map(str::to_owned);
            line[metric.name()].as_f64().map(|value| (value, reason))
        };
        lines.iter().filter_map(of).collect()
    }
}
