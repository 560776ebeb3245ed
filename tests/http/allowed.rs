//! "Still allowed?": what an operator changes reaches every step of every contract within ten seconds, and a redemption
//! at once. The changes are made by the operators' own commands.

use std::time::Duration;

use acceptance::{Answer, Call, ISSUER, Person, World};
use saoma_domain::{
    client::Client,
    oauth::{GrantType, OauthClient},
    ports::Clock,
    secrets::TokenId,
    session::{Dialect, Session, State},
};
use serde_json::{Value, json};

use crate::{
    oauth::{DEVICE_GRANT, form},
    operations::shop,
    pages,
    remembered::{DEVICE, Region},
    web::{basic, pass},
};

const NUMBER: &str = "13800138000";
/// How old a client may be at a step that is no redemption.
pub(crate) const AGE: u64 = 10;
/// A client that is not built in.
pub(crate) const ID: &str = "a-client";
pub(crate) const DIALECTS: &[Dialect] = Dialect::ALL;

/// A login of a registered client: its session's code, and the call that takes its token.
pub(crate) struct Login {
    pub(crate) code: String,
    take: Call,
}

impl Login {
    /// Registers the client for this contract, and opens a login of it.
    pub(crate) async fn open(world: &World, dialect: Dialect) -> Self {
        let grants = if dialect == Dialect::Oauth { vec![GrantType::DeviceCode] } else { Vec::new() };
        let oauth = OauthClient { grants, ..OauthClient::default() };
        let only = |client: Client| Client { dialects: vec![dialect], oauth, ..shop(client) };
        let secret = world.register_client(ID, only);
        let authorization = basic(ID, secret.reveal());
        Self::of(world, dialect, &authorization).await
    }

    pub(crate) async fn of(world: &World, dialect: Dialect, authorization: &str) -> Self {
        match dialect {
            Dialect::Kiosk => {
                let create = Call::post("/api/qrCode/createLoginQrCode").header("channel", ID);
                let created = world.call(create).await;
                let code = created.text("id");
                let poll = Call::post(&format!("/api/qrCode/getLoginQrCode/{code}"));
                Self { take: poll.header("token", &created.text("pollToken")), code }
            }
            Dialect::Web => {
                let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
                Self { take: exchange(world, &code, authorization), code }
            }
            Dialect::Remembered => {
                let wishes = json!({"region": ID, "deviceId": DEVICE});
                let ask = Call::post("/login/getLoginQrcodeV2").json(&wishes);
                let asked = world.call(ask.header("authorization", authorization)).await;
                let trace = asked.text("traceId");
                let session = world.memory.sessions().into_iter().find(|it| it.trace_id() == trace).unwrap();
                let code = session.code.to_string();
                Self { take: exchange(world, &code, authorization), code }
            }
            Dialect::Shop => {
                let create = Call::get(&format!("/qrlogin/createcode?client={ID}"));
                let shown = world.call(create.header("accept", "application/json")).await;
                let code = shown.text("code");
                let poll = Call::get(&format!("/qrlogin/qrcodelogin/{code}"));
                Self { take: poll.cookie(&shown.cookie()), code }
            }
            Dialect::Oauth => {
                let proven = |call: Call| call.header("authorization", authorization);
                let begun = world.call(proven(form("/oauth/device_authorization", &[]))).await;
                let device_code = begun.text("device_code");
                let code = device_code.split('.').next().unwrap().to_owned();
                let take =
                    form("/oauth/token", &[("grant_type", DEVICE_GRANT), ("device_code", &device_code)]);
                Self { take: proven(take), code }
            }
        }
    }

    pub(crate) async fn step(&self, world: &World, step: &str, person: &Person) -> Answer {
        pages::step(world, step, person, &self.code, &json!({})).await
    }

    pub(crate) async fn good(&self, world: &World, step: &str, person: &Person) {
        let answer = self.step(world, step, person).await;
        assert_eq!(answer.status, 200, "{step}: {}", answer.whole());
    }

    pub(crate) async fn takes(&self, world: &World) -> Answer {
        world.call(self.take.clone()).await
    }

    pub(crate) fn session(&self, world: &World) -> Session {
        world.session(&self.code)
    }
}

/// The exchange of a good ticket for this session.
fn exchange(world: &World, code: &str, authorization: &str) -> Call {
    let (id, now) = (TokenId::random(&*world.random), world.clock.now());
    let life = Duration::from_mins(5);
    let ticket = world.service.keys.mint_ticket(ISSUER, &world.session(code), &id, life, now).unwrap();
    Call::post("/qr/ticket").header("authorization", authorization).json(&json!({"ticket": ticket}))
}

/// Whether an answer holds a token, in any contract's shape.
pub(crate) fn has_token(answer: &Answer) -> bool {
    let body = answer.json();
    ["memberToken", "access_token", "token"].iter().any(|name| body[name].is_string())
}

/// What an operator does to the client, as commands.
fn changes(dialect: Dialect) -> Vec<Value> {
    let other = if dialect == Dialect::Kiosk { "shop" } else { "kiosk" };
    let mut changes = vec![
        json!({"do": "client.disable", "id": ID}),
        json!({"do": "client.remove", "id": ID}),
        json!({"do": "client.change", "id": ID, "dialect": other, "grants": []}),
        json!({"do": "client.change", "id": ID, "apps": ["another-app"]}),
    ];
    if dialect != Dialect::Remembered {
        changes.push(json!({"do": "client.change", "id": ID, "networks": ["198.51.100.0/24"]}));
    }
    changes
}

/// Carries out an operator's command; its answer.
pub(crate) async fn command(world: &World, event: &Value) -> Value {
    let answer = world.command(event.clone()).await;
    assert_eq!(answer["ok"], true, "{event}: {answer}");
    answer
}

#[tokio::test]
async fn a_login_of_a_registered_client_signs_in_by_every_contract() {
    for &dialect in DIALECTS {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        let login = Login::open(&world, dialect).await;
        login.good(&world, "scan", &person).await;
        login.good(&world, "confirm", &person).await;
        let taken = login.takes(&world).await;
        assert!(has_token(&taken), "{dialect:?}: {}", taken.whole());
    }
}

// A15 A17 I9
#[tokio::test]
async fn what_an_operator_takes_away_is_refused_at_the_next_scan() {
    for &dialect in DIALECTS {
        for change in changes(dialect) {
            let world = World::default();
            let person = world.sign_in(NUMBER).await;
            let login = Login::open(&world, dialect).await;
            command(&world, &change).await;
            pass(&world, AGE);
            let before = login.session(&world);
            login.step(&world, "scan", &person).await.problem(404, "not_found");
            assert_eq!(login.session(&world), before, "{dialect:?} {change}");
        }
    }
}

// A15 A17 I9
#[tokio::test]
async fn what_an_operator_takes_away_is_refused_at_the_next_confirm() {
    for &dialect in DIALECTS {
        for change in changes(dialect) {
            let world = World::default();
            let person = world.sign_in(NUMBER).await;
            let login = Login::open(&world, dialect).await;
            login.good(&world, "scan", &person).await;
            command(&world, &change).await;
            pass(&world, AGE);
            let before = login.session(&world);
            login.step(&world, "confirm", &person).await.problem(404, "not_found");
            assert_eq!(login.session(&world), before, "{dialect:?} {change}");
            // The person's no always counts.
            login.good(&world, "cancel", &person).await;
        }
    }
}

// A15 A17 I9
#[tokio::test]
async fn what_an_operator_takes_away_is_refused_at_once_when_a_screen_redeems() {
    for &dialect in DIALECTS {
        for change in changes(dialect) {
            let world = World::default();
            let person = world.sign_in(NUMBER).await;
            let login = Login::open(&world, dialect).await;
            login.good(&world, "scan", &person).await;
            login.good(&world, "confirm", &person).await;
            command(&world, &change).await;
            let before = login.session(&world);
            let refused = login.takes(&world).await;
            assert!(!has_token(&refused), "{dialect:?} {change}: {}", refused.whole());
            assert_eq!(login.session(&world), before, "{dialect:?} {change}: nothing changes");
        }
    }
}

// A15: what is switched on again goes on where it was.
#[tokio::test]
async fn a_client_that_is_switched_on_again_signs_in() {
    for &dialect in DIALECTS {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        let login = Login::open(&world, dialect).await;
        login.good(&world, "scan", &person).await;
        login.good(&world, "confirm", &person).await;
        command(&world, &json!({"do": "client.disable", "id": ID})).await;
        assert!(!has_token(&login.takes(&world).await));
        command(&world, &json!({"do": "client.enable", "id": ID})).await;
        pass(&world, 2);
        let taken = login.takes(&world).await;
        assert!(has_token(&taken), "{dialect:?}: {}", taken.whole());
    }
}

// A15: a client that is registered anew under the same id does not inherit sessions.
#[tokio::test]
async fn a_session_of_an_earlier_client_is_refused() {
    for dialect in [Dialect::Kiosk, Dialect::Shop] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        let login = Login::open(&world, dialect).await;
        login.good(&world, "scan", &person).await;
        login.good(&world, "confirm", &person).await;
        pass(&world, 1);
        command(&world, &json!({"do": "client.remove", "id": ID})).await;
        let again = json!({"do": "client.create", "id": ID, "name": "Anew", "dialect": dialect.as_str()});
        command(&world, &again).await;
        let before = login.session(&world);
        assert!(!has_token(&login.takes(&world).await), "{dialect:?}");
        assert_eq!(login.session(&world), before);
    }
}

// A15: registering a client under a built-in id replaces the built-in one, also while it is off.
#[tokio::test]
async fn a_registered_client_replaces_the_built_in_one() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode")).await;
    let id = Client::DEFAULT_KIOSK;
    command(&world, &json!({"do": "client.create", "id": id, "name": "Ours", "dialect": "kiosk"})).await;
    command(&world, &json!({"do": "client.disable", "id": id})).await;
    pass(&world, AGE);
    pages::step(&world, "scan", &person, &created.text("id"), &json!({})).await.problem(404, "not_found");
    world.call(Call::post("/api/qrCode/createLoginQrCode")).await.problem(400, "unknown_channel");
}

// K19: the built-in clients can be switched off.
#[tokio::test]
async fn without_built_in_clients_only_registered_ones_sign_in() {
    let world = World::with(&[("BUILT_IN_CLIENTS", "false")]);
    world.call(Call::post("/api/qrCode/createLoginQrCode")).await.problem(400, "unknown_channel");
    assert_eq!(world.call(Call::get("/qr/code")).await.text("code"), "unknown_client");
    let create = Call::get("/qrlogin/createcode").header("accept", "application/json");
    assert_eq!(world.call(create).await.status, 400);
    let person = world.sign_in(NUMBER).await;
    let login = Login::open(&world, Dialect::Kiosk).await;
    login.good(&world, "scan", &person).await;
    login.good(&world, "confirm", &person).await;
    assert!(has_token(&login.takes(&world).await), "a registered client");
}

// I9
#[tokio::test]
async fn a_screen_outside_its_clients_networks_opens_nothing() {
    for dialect in [Dialect::Kiosk, Dialect::Web, Dialect::Shop] {
        let world = World::default();
        world.register_client(ID, |client| Client { dialects: vec![dialect], ..shop(client) });
        let create = || match dialect {
            Dialect::Kiosk => Call::post("/api/qrCode/createLoginQrCode").header("channel", ID),
            Dialect::Web => Call::get(&format!("/qr/code?client={ID}")),
            _ => Call::get(&format!("/qrlogin/createcode?client={ID}")).header("accept", "application/json"),
        };
        assert_eq!(world.call(create()).await.status, 200, "{dialect:?}");
        command(&world, &json!({"do": "client.change", "id": ID, "networks": ["198.51.100.0/24"]})).await;
        pass(&world, AGE);
        let before = world.memory.sessions().len();
        let refused = world.call(create()).await;
        assert!(refused.whole().contains("network_not_allowed"), "{dialect:?}: {}", refused.whole());
        assert_eq!(world.memory.sessions().len(), before);
    }
}

// A15: a prompt of a client that was switched off is answered no more.
#[tokio::test]
async fn a_prompt_of_a_client_that_was_switched_off_is_unknown() {
    let world = World::default();
    let region = Region::registered(&world, ID);
    let person = world.sign_in(NUMBER).await;
    crate::remembered::log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    crate::remembered::pending(&world, &person).await;
    let trace = region.trace(&world, crate::remembered::both(&person)).await;
    assert_eq!(crate::remembered::pending(&world, &person).await.len(), 1);
    command(&world, &json!({"do": "client.disable", "id": ID})).await;
    pass(&world, AGE);
    assert!(crate::remembered::pending(&world, &person).await.is_empty());
    let accept = json!({"traceId": trace, "accept": true});
    assert_eq!(crate::remembered::answer(&world, &person, accept).await.status, 404);
    assert_eq!(region.send(&world, Call::get(&format!("/login/results/{trace}"))).await.status, 401);
}

// K1
#[tokio::test]
async fn an_operator_ends_every_sign_in_of_an_account() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let login = Login::open(&world, Dialect::Kiosk).await;
    login.good(&world, "scan", &person).await;
    login.good(&world, "confirm", &person).await;
    let (other, scanned) =
        (Login::of(&world, Dialect::Kiosk, "").await, Login::of(&world, Dialect::Kiosk, "").await);
    scanned.good(&world, "scan", &person).await;
    command(&world, &json!({"do": "account.end-sign-ins", "phone": "+8613800138000"})).await;
    other.step(&world, "scan", &person).await.problem(401, "unauthorized");
    let bind = Call::post(&format!("/api/qrCode/bindLoginQrCode/{}", scanned.code)).bearer(&person.token);
    world.call(bind).await.problem(401, "unauthorized");
    scanned.step(&world, "confirm", &person).await.problem(401, "unauthorized");
    assert!(matches!(scanned.session(&world).state, State::Scanned { .. }), "nothing is agreed to");
    assert!(!has_token(&login.takes(&world).await));
    assert!(matches!(login.session(&world).state, State::Cancelled { .. }));
    let refresh = Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}));
    world.call(refresh).await.problem(401, "unauthorized");
    pass(&world, 61);
    let again = world.sign_in(NUMBER).await;
    other.good(&world, "scan", &again).await;
}

// A14 A15
#[tokio::test]
async fn a_sign_in_is_refreshed_only_while_its_account_and_its_app_stand() {
    let world = World::default();
    world.register_client("their-app", |client| client);
    let person = world.sign_in_through(NUMBER, "their-app").await;
    let token = std::cell::RefCell::new(person.refresh_token.clone());
    let refresh = async || {
        let answer = world
            .call(Call::post("/api/user/refresh").json(&json!({"refreshToken": &*token.borrow()})))
            .await;
        if answer.status == 200 {
            *token.borrow_mut() = answer.text("refreshToken");
        }
        answer
    };
    assert_eq!(refresh().await.status, 200);
    command(&world, &json!({"do": "account.lock", "id": person.account.to_string()})).await;
    refresh().await.problem(403, "account_barred");
    command(&world, &json!({"do": "account.unlock", "id": person.account.to_string()})).await;
    assert_eq!(refresh().await.status, 200);
    for (off, on) in [("client.disable", Some("client.enable")), ("client.remove", None)] {
        command(&world, &json!({"do": off, "id": "their-app"})).await;
        pass(&world, AGE);
        refresh().await.problem(401, "unauthorized");
        if let Some(on) = on {
            command(&world, &json!({"do": on, "id": "their-app"})).await;
            pass(&world, AGE);
            assert_eq!(refresh().await.status, 200);
        }
    }
}

// K3: an app says which client it is, and is believed, as long as that client is registered and switched on. So it is a
// hint: no step trusts it with more than to refuse.
#[tokio::test]
async fn an_app_is_believed_while_its_client_is_there() {
    let world = World::default();
    world.register_client("their-app", |client| client);
    let signs_in = async |number: &str, challenge: &str| {
        let asking = json!({"phone": number, "challenge": challenge});
        assert_eq!(world.call(Call::post("/api/user/sendCode").json(&asking)).await.status, 200);
        let code = world.outbox.last_code().unwrap();
        let with = json!({"challenge": challenge, "code": code, "client": "their-app"});
        world.call(Call::post("/api/user/login/code").json(&with)).await
    };
    assert_eq!(signs_in(NUMBER, "AAAAAAAAAAAAAAAAAAAAAA").await.status, 200);
    command(&world, &json!({"do": "client.disable", "id": "their-app"})).await;
    pass(&world, AGE);
    signs_in("13900139000", "AAAAAAAAAAAAAAAAAAAAAQ").await.problem(400, "unknown_client");
}
