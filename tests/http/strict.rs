//! The policy `strict`: only a machine that an operator enrolled opens logins, and only while it is enrolled (`docs/security.md`
//! K19). The machines are enrolled by the operators' own commands.

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{client::Client, session::Dialect};
use serde_json::json;

use crate::{
    allowed::command,
    operations::shop,
    pages,
    remembered::{DEVICE, Region, both, log_in, pending},
    web::{basic, pass},
};

const NUMBER: &str = "13800138000";
const ID: &str = "clinic";
/// How old a client may be at a step that is no redemption.
const AGE: u64 = 10;

/// Registers a strict client of this contract; its server's secret.
fn register(world: &World, dialect: Dialect) -> String {
    let strict = |client| Client { dialects: vec![dialect], strict: true, ..shop(client) };
    world.register_client(ID, strict).reveal().to_owned()
}

/// Enrolls a machine; its secret.
async fn enroll(world: &World, name: &str) -> String {
    let answer = command(world, &json!({"do": "client.enroll", "id": ID, "machine": name})).await;
    answer["secret"].as_str().unwrap().to_owned()
}

async fn unenroll(world: &World, name: &str) {
    command(world, &json!({"do": "client.unenroll", "id": ID, "machine": name})).await;
}

/// The call with which a screen opens a login.
fn create(dialect: Dialect) -> Call {
    match dialect {
        Dialect::Kiosk => Call::post("/api/qrCode/createLoginQrCode").header("channel", ID),
        Dialect::Web => Call::get(&format!("/qr/code?client={ID}")),
        _ => Call::get(&format!("/qrlogin/createcode?client={ID}")).header("accept", "application/json"),
    }
}

fn create_as(dialect: Dialect, secret: &str) -> Call {
    create(dialect).header("authorization", &basic(ID, secret))
}

/// A login that was opened with this secret: its code, and the call that takes its token.
struct Login {
    code: String,
    take: Call,
}

impl Login {
    async fn open(world: &World, dialect: Dialect, secret: &str) -> Self {
        let opened = world.call(create_as(dialect, secret)).await;
        assert_eq!(opened.status, 200, "{dialect:?}: {}", opened.whole());
        if dialect == Dialect::Kiosk {
            let code = opened.text("id");
            let poll = Call::post(&format!("/api/qrCode/getLoginQrCode/{code}"));
            return Self { take: poll.header("token", &opened.text("pollToken")), code };
        }
        let code = opened.text("code");
        let poll = Call::get(&format!("/qrlogin/qrcodelogin/{code}"));
        Self { take: poll.cookie(&opened.cookie()), code }
    }

    async fn step(&self, world: &World, step: &str, person: &Person) -> Answer {
        pages::step(world, step, person, &self.code, &json!({})).await
    }

    async fn confirm(&self, world: &World, person: &Person) {
        for step in ["scan", "confirm"] {
            let answer = self.step(world, step, person).await;
            assert_eq!(answer.status, 200, "{step}: {}", answer.whole());
        }
    }

    /// Whether the screen gets its token. A refusal must change nothing.
    async fn is_signed_in(&self, world: &World) -> bool {
        let before = world.session(&self.code);
        let body = world.call(self.take.clone()).await.json();
        let signed_in = ["memberToken", "token"].iter().any(|name| body[name].is_string());
        assert!(signed_in || world.session(&self.code) == before, "a refusal changes nothing");
        signed_in
    }
}

#[tokio::test]
async fn an_enrolled_machine_and_the_clients_server_sign_in() {
    for dialect in [Dialect::Kiosk, Dialect::Shop] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        let server = register(&world, dialect);
        let machine = enroll(&world, "lobby-1").await;
        for secret in [machine, server] {
            let login = Login::open(&world, dialect, &secret).await;
            login.confirm(&world, &person).await;
            assert!(login.is_signed_in(&world).await, "{dialect:?}");
        }
    }
}

// K19
#[tokio::test]
async fn a_screen_that_proves_nothing_opens_nothing() {
    let refused = async |dialect: Dialect, call: Call| {
        let world = World::default();
        register(&world, dialect);
        let answer = world.call(call).await;
        assert!(world.memory.sessions().is_empty() && world.drawer.pictures().is_empty());
        answer
    };
    let kiosk = refused(Dialect::Kiosk, create(Dialect::Kiosk)).await;
    kiosk.problem(403, "not_enrolled");
    refused(Dialect::Shop, create(Dialect::Shop)).await.problem(403, "not_enrolled");
    assert_snapshot!(serde_json::to_string(&kiosk.json()).unwrap(), @r#"{"code":"not_enrolled","detail":"This client's screens must be enrolled: Authorization: Basic client:secret.","status":403,"title":"Forbidden","type":"about:blank"}"#);
    let web = async |path: &str| {
        let answer = refused(Dialect::Web, Call::get(&format!("{path}?client={ID}"))).await;
        format!("{} {}", answer.status, answer.json())
    };
    let code = web("/qr/code").await;
    assert_snapshot!(code, @r#"403 Forbidden {"code":"not_enrolled","errorCode":-1,"message":"This client's screens must be enrolled: Authorization: Basic client:secret.","statusflag":-1}"#);
    assert_eq!(web("/qr/loginpic").await, code);
}

// K19: a page cannot keep a secret, so none counts there.
#[tokio::test]
async fn a_browser_is_refused_even_with_a_secret() {
    let world = World::default();
    let server = register(&world, Dialect::Web);
    let machine = enroll(&world, "lobby-1").await;
    for secret in [server, machine] {
        let answer = world.call(create_as(Dialect::Web, &secret)).await;
        assert_eq!((answer.status.as_u16(), answer.text("code")), (403, "not_enrolled".to_owned()));
    }
}

// K19 A5
#[tokio::test]
async fn a_secret_that_is_not_good_is_refused_also_by_a_client_that_asks_for_none() {
    for (dialect, strict) in [Dialect::Kiosk, Dialect::Shop].map(|it| [(it, true), (it, false)]).concat() {
        let world = World::default();
        let server = register(&world, dialect);
        let machine = enroll(&world, "lobby-1").await;
        let other = enroll(&world, "lobby-2").await;
        let another = world.register_client("another", shop);
        unenroll(&world, "lobby-2").await;
        command(&world, &json!({"do": "client.change", "id": ID, "strict": strict})).await;
        pass(&world, AGE);
        let (_, bits) = machine.split_once('.').unwrap();
        for authorization in [
            basic(ID, "wrong"),
            basic(ID, &format!("{server}x")),
            basic(ID, &format!("lobby-2.{bits}")),
            basic(ID, bits),
            basic(ID, &other),
            basic(ID, "lobby-1."),
            basic(ID, another.reveal()),
            basic("another", another.reveal()),
            basic("another", &machine),
            basic("", &machine),
            "Basic ".to_owned(),
            "Basic ???".to_owned(),
        ] {
            let call = create(dialect).header("authorization", &authorization);
            world.call(call).await.problem(401, "invalid_client");
        }
        assert!(world.memory.sessions().is_empty());
        assert_eq!(world.call(create_as(dialect, &machine)).await.status, 200);
    }
}

// K15: guesses at a machine's secret are misses.
#[tokio::test]
async fn a_network_that_guesses_machines_secrets_is_slowed_down() {
    let world = World::default();
    register(&world, Dialect::Kiosk);
    let machine = enroll(&world, "lobby-1").await;
    for nth in 0..120 {
        let guess = create_as(Dialect::Kiosk, &format!("lobby-1.{nth}")).from_ip("198.51.100.66");
        world.call(guess).await.problem(401, "invalid_client");
    }
    let good = || create_as(Dialect::Kiosk, &machine);
    world.call(good().from_ip("198.51.100.66")).await.problem(429, "too_many_requests");
    assert_eq!(world.call(good().from_ip("198.51.100.67")).await.status, 200, "a neighbour");
}

// K19: the machine is asked for again at each step, and at the redemption as last written.
#[tokio::test]
async fn a_machine_that_is_no_longer_enrolled_goes_no_further() {
    for (dialect, anew) in [Dialect::Kiosk, Dialect::Shop].map(|it| [(it, true), (it, false)]).concat() {
        for steps in 0..=2 {
            let world = World::default();
            let person = world.sign_in(NUMBER).await;
            register(&world, dialect);
            let secret = enroll(&world, "lobby-1").await;
            let login = Login::open(&world, dialect, &secret).await;
            for step in ["scan", "confirm"].into_iter().take(steps) {
                assert_eq!(login.step(&world, step, &person).await.status, 200);
            }
            unenroll(&world, "lobby-1").await;
            if anew {
                enroll(&world, "lobby-1").await;
            }
            let before = world.session(&login.code);
            match steps {
                0 => login.step(&world, "scan", &person).await.problem(404, "not_found"),
                1 => login.step(&world, "confirm", &person).await.problem(404, "not_found"),
                _ => assert!(!login.is_signed_in(&world).await, "{dialect:?} {anew}"),
            }
            assert_eq!(world.session(&login.code), before);
        }
    }
}

// K19: a client that is registered again under its id has none of the machines that it had.
#[tokio::test]
async fn a_client_that_is_registered_again_has_no_machines() {
    let world = World::default();
    let create =
        json!({"do": "client.create", "id": ID, "name": "Clinic", "dialect": "kiosk", "strict": true});
    command(&world, &create).await;
    let secret = enroll(&world, "lobby-1").await;
    assert_eq!(world.call(create_as(Dialect::Kiosk, &secret)).await.status, 200);
    pass(&world, AGE);
    command(&world, &json!({"do": "client.remove", "id": ID})).await;
    command(&world, &create).await;
    let shown = command(&world, &json!({"do": "client.show", "id": ID})).await;
    assert_eq!(shown["machines"], json!([]));
    world.call(create_as(Dialect::Kiosk, &secret)).await.problem(401, "invalid_client");
}

// K19: a login is as good as the secret that opened it.
#[tokio::test]
async fn a_servers_login_lasts_as_long_as_its_secret() {
    for (hours, goes_on) in [(1, true), (0, false)] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        let server = register(&world, Dialect::Kiosk);
        let login = Login::open(&world, Dialect::Kiosk, &server).await;
        login.confirm(&world, &person).await;
        command(&world, &json!({"do": "client.rotate-secret", "id": ID, "keepHours": hours})).await;
        assert_eq!(login.is_signed_in(&world).await, goes_on, "kept for {hours} hours");
    }
}

// K19: the switch counts at once for a redemption, and within ten seconds for the other steps.
#[tokio::test]
async fn a_client_that_becomes_strict_refuses_the_logins_that_it_has() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.register_client(ID, |client| Client { dialects: vec![Dialect::Kiosk], ..client });
    let secret = enroll(&world, "lobby-1").await;
    let enrolled = Login::open(&world, Dialect::Kiosk, &secret).await;
    let plain = world.call(create(Dialect::Kiosk)).await;
    let poll = Call::post(&format!("/api/qrCode/getLoginQrCode/{}", plain.text("id")));
    let plain = Login { take: poll.header("token", &plain.text("pollToken")), code: plain.text("id") };
    for login in [&enrolled, &plain] {
        login.confirm(&world, &person).await;
    }
    let waiting = world.call(create(Dialect::Kiosk)).await.text("id");
    command(&world, &json!({"do": "client.change", "id": ID, "strict": true})).await;
    assert!(!plain.is_signed_in(&world).await);
    assert!(enrolled.is_signed_in(&world).await, "it proved itself before it had to");
    pass(&world, AGE);
    pages::step(&world, "scan", &person, &waiting, &json!({})).await.problem(404, "not_found");
}

// K19: a client that is not strict asks for no machine, so a removed one changes nothing there.
#[tokio::test]
async fn a_client_that_is_not_strict_does_not_ask() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.register_client(ID, |client| Client { dialects: vec![Dialect::Kiosk], ..client });
    let secret = enroll(&world, "lobby-1").await;
    let login = Login::open(&world, Dialect::Kiosk, &secret).await;
    unenroll(&world, "lobby-1").await;
    login.confirm(&world, &person).await;
    assert!(login.is_signed_in(&world).await);
}

// K19: a hosted client's server proves itself whenever it asks, so its logins are a strict client's too.
#[tokio::test]
async fn a_hosted_client_may_be_strict() {
    let world = World::default();
    let region = Region::with(&world, ID, |client| Client { strict: true, ..client });
    let person = world.sign_in(NUMBER).await;
    let result = async |trace: &str| {
        let results = region.results(&world, trace).await;
        let result = results.into_iter().find(|it| it["resultType"] == "LOGIN_loginResult").unwrap();
        region.exchange(&world, &result["ticket"]).await
    };
    let scanned = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    assert_eq!(result(&scanned).await.status, 200);
    // Without a scan; and then, because no phone is there to be asked, by the QR that replaces the prompt.
    pending(&world, &person).await;
    let asked = region.trace(&world, both(&person)).await;
    crate::remembered::answer(&world, &person, json!({"traceId": asked, "accept": true})).await;
    assert_eq!(result(&asked).await.status, 200);
    pass(&world, 700);
    let person = world.sign_in(NUMBER).await;
    let fell_back = log_in(&world, &region, &person, both(&person)).await;
    assert_eq!(result(&fell_back).await.status, 200);
}

// K19: the check costs a redemption no call of its own.
#[tokio::test]
async fn a_redemption_of_a_strict_client_makes_as_many_calls_as_any() {
    let mut made = Vec::new();
    for strict in [false, true] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        register(&world, Dialect::Kiosk);
        command(&world, &json!({"do": "client.change", "id": ID, "strict": strict})).await;
        let secret = enroll(&world, "lobby-1").await;
        let login = Login::open(&world, Dialect::Kiosk, &secret).await;
        login.confirm(&world, &person).await;
        let before = world.memory.calls();
        assert!(login.is_signed_in(&world).await);
        made.push(world.memory.calls() - before);
    }
    assert_eq!(made[0], made[1]);
}
