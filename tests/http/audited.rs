//! The audit log: what its lines say of a login, of a session that a client may not open, and of a step of which the store's
//! answer is lost (`docs/operations.md`, J6).

use acceptance::{Call, Person, World};
use saoma_domain::{
    client::Client,
    oauth::{ClientAuth, GrantType},
    secrets::SessionCode,
    session::{Dialect, State},
};
use saoma_http::telemetry::session_ref;
use saoma_memory::Fault;
use serde_json::{Value, json};

use crate::{
    allowed::{DIALECTS, ID, Login, command, has_token},
    logs::{Captured, captured},
    oauth::{
        DEVICE_GRANT,
        code::{self, SITE, authorizing},
        form,
    },
    operations::shop,
    pages,
    web::basic,
};

const NUMBER: &str = "13800138000";
const FIELDS: [&str; 7] = ["session_ref", "client", "account", "sign_in", "address", "machine", "reason"];
/// What every line of the log has.
const ALWAYS: [&str; 4] = ["level", "target", "message", "audit"];
/// Where the calls of these tests come from.
const HERE: &str = "address=203.0.113.7";

/// The audit lines of sessions: the step, then each field that a line has. These values are shown by their names.
fn told(log: &Captured, names: &[(&str, &str)]) -> Vec<String> {
    let told = |line: &Value| {
        assert_eq!((&line["target"], &line["level"]), (&json!("audit"), &json!("INFO")), "{line}");
        for field in line.as_object().unwrap().keys() {
            assert!(FIELDS.contains(&field.as_str()) || ALWAYS.contains(&field.as_str()), "{line}");
        }
        let fields = FIELDS.iter().filter_map(|field| Some(format!(" {field}={}", line[field].as_str()?)));
        let told = format!("{}{}", line["audit"].as_str().unwrap(), fields.collect::<String>());
        names.iter().fold(told, |told, (value, name)| told.replace(&format!("={value}"), &format!("={name}")))
    };
    log.of("a step of a session").iter().map(told).collect()
}

/// A person's account and the sign-in of their phone.
async fn phone(world: &World, person: &Person) -> [String; 2] {
    let me = world.call(Call::get("/api/user/me").bearer(&person.token)).await;
    [person.account.to_string(), me.text("signIn")]
}

/// A person, and a kiosk's login after these steps of theirs.
async fn kiosk(world: &World, steps: &[&str]) -> (Person, Login) {
    let person = world.sign_in(NUMBER).await;
    let login = Login::open(world, Dialect::Kiosk).await;
    for step in steps {
        login.good(world, step, &person).await;
    }
    (person, login)
}

fn named(world: &World, code: &str) -> String {
    session_ref(&*world.service.keys, &SessionCode::parse(code).unwrap())
}

// J6
#[tokio::test]
async fn each_step_of_a_login_is_a_line_with_who_and_where() {
    for &dialect in DIALECTS {
        let (log, _guard) = captured();
        let world = World::default();
        let (person, other) = (world.sign_in(NUMBER).await, world.sign_in("13900139000").await);
        let login = Login::open(&world, dialect).await;
        login.good(&world, "scan", &person).await;
        login.step(&world, "confirm", &other).await.problem(403, "claimed_by_another");
        login.good(&world, "confirm", &person).await;
        assert!(has_token(&login.takes(&world).await), "{dialect:?}");
        let ([mine, my_phone], [theirs, their_phone]) =
            (phone(&world, &person).await, phone(&world, &other).await);
        let session = named(&world, &login.code);
        let names = [
            (session.as_str(), "<session>"),
            (&mine, "<person>"),
            (&my_phone, "<phone>"),
            (&theirs, "<other>"),
            (&their_phone, "<their phone>"),
        ];
        // A client's server opens a remembered login, and its address does not tell where the screen is.
        let opened_at = if dialect == Dialect::Remembered { String::new() } else { format!(" {HERE}") };
        let of = format!("session_ref=<session> client={ID}");
        let by = format!("{of} account=<person> sign_in=<phone> {HERE}");
        let refused = format!("refused {of} account=<other> sign_in=<their phone> {HERE}");
        assert_eq!(
            told(&log, &names),
            [
                format!("opened {of}{opened_at}"),
                format!("scanned {by}"),
                format!("{refused} reason=another phone scanned the session"),
                format!("confirmed {by}"),
                format!("redeemed {by}"),
            ],
            "{dialect:?}"
        );
    }
}

// J6
#[tokio::test]
async fn a_no_is_a_line_with_its_reason_and_the_machine() {
    let (log, _guard) = captured();
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.register_client(ID, |client| Client {
        dialects: vec![Dialect::Kiosk],
        strict: true,
        ..shop(client)
    });
    let enroll = json!({"do": "client.enroll", "id": ID, "machine": "lobby-1"});
    let secret = command(&world, &enroll).await["secret"].as_str().unwrap().to_owned();
    let create = Call::post("/api/qrCode/createLoginQrCode").header("channel", ID);
    let created = world.call(create.header("authorization", &basic(ID, &secret))).await;
    let code = created.text("id");
    for step in ["scan", "cancel"] {
        assert_eq!(pages::step(&world, step, &person, &code, &json!({})).await.status, 200, "{step}");
    }
    let [account, sign_in] = phone(&world, &person).await;
    let session = named(&world, &code);
    let names = [(session.as_str(), "<session>"), (&account, "<person>"), (&sign_in, "<phone>")];
    let (of, at) = (format!("session_ref=<session> client={ID}"), format!("{HERE} machine=lobby-1"));
    let by = format!("{of} account=<person> sign_in=<phone> {at}");
    assert_eq!(
        told(&log, &names),
        [format!("opened {of} {at}"), format!("scanned {by}"), format!("cancelled {by} reason=declined")]
    );
}

/// The `client` and the `code` of the only refusal in the log, and the audit lines.
fn refusal(log: &Captured) -> (Value, Value, Vec<String>) {
    let lines = log.of("refused");
    assert_eq!(lines.len(), 1, "{lines:?}");
    (lines[0]["client"].clone(), lines[0]["code"].clone(), told(log, &[]))
}

// J6: what an operator reads after NETWORKS=, STRICT= and ROTATE=.
#[tokio::test]
async fn a_session_that_a_client_may_not_open_is_a_line_that_names_the_client() {
    let register = |change: fn(&mut Client), dialect: Dialect| {
        let world = World::default();
        world.register_client(ID, |client| {
            let mut client = Client { dialects: vec![dialect], ..shop(client) };
            change(&mut client);
            client
        });
        world
    };
    let elsewhere: fn(&mut Client) = |client| client.networks = vec!["198.51.100.0/24".parse().unwrap()];
    let strict: fn(&mut Client) = |client| client.strict = true;
    let rotating: fn(&mut Client) = |client| client.rotates = true;
    let kiosk = || Call::post("/api/qrCode/createLoginQrCode").header("channel", ID);
    let web = || Call::get(&format!("/qr/code?client={ID}"));
    let shops = || Call::get(&format!("/qrlogin/createcode?client={ID}"));
    for (dialect, change, call, code, reason) in [
        (
            Dialect::Kiosk,
            elsewhere,
            kiosk(),
            "network_not_allowed",
            "the client does not admit the screen's network",
        ),
        (
            Dialect::Web,
            elsewhere,
            web(),
            "network_not_allowed",
            "the client does not admit the screen's network",
        ),
        (
            Dialect::Shop,
            strict,
            shops(),
            "not_enrolled",
            "the client is strict, and the screen proved nothing when it opened the session",
        ),
        (Dialect::Web, rotating, web(), "rotating_only", "the client shows only QRs that rotate"),
    ] {
        let (log, _guard) = captured();
        let world = register(change, dialect);
        world.call(call).await;
        let line = format!("refused client={ID} {HERE} reason={reason}");
        assert_eq!(refusal(&log), (json!(ID), json!(code), vec![line]), "{dialect:?} {code}");
    }
    // The code flow tells the client, and the log all the same.
    let (log, _guard) = captured();
    let world = World::default();
    code::register(&world, SITE, ClientAuth::None);
    command(&world, &json!({"do": "client.change", "id": SITE, "networks": ["198.51.100.0/24"]})).await;
    assert_eq!(world.call(authorizing(&[])).await.status, 302);
    let line = format!("refused client={SITE} {HERE} reason=the client does not admit the screen's network");
    assert_eq!(refusal(&log), (json!(SITE), json!("access_denied"), vec![line]));
}

// J6: a client that is not there opens nothing that could be audited; the log says which the caller named, if it has the form
// of an id.
#[tokio::test]
async fn a_refusal_says_which_client_its_caller_named() {
    let free = "a client, or not";
    let token = |id: &str| form("/oauth/token", &[("grant_type", DEVICE_GRANT), ("client_id", id)]);
    let kiosk = |id: &str| Call::post("/api/qrCode/createLoginQrCode").header("channel", id);
    let server = |id: &str| Call::get("/login/webhook").header("authorization", &basic(id, &"s".repeat(43)));
    let query = |id: &str| code::query(&[("client", id), ("client_id", id)]);
    for (call, code) in [
        (&kiosk as &dyn Fn(&str) -> Call, "unknown_channel"),
        (&token, "invalid_client"),
        (&server, "invalid_client"),
        (&|id| Call::get(&format!("/qr/code?{}", query(id))), "unknown_client"),
        (&|id| Call::get(&format!("/qrlogin/createcode?{}", query(id))), "unknown_client"),
        (&|id| Call::get(&format!("/oauth/authorize?{}", query(id))), "unknown_client"),
        (&|id| Call::get(&format!("/oauth/logout?{}", query(id))), "unknown_client"),
    ] {
        for (named, logged) in [("nobodys", json!("nobodys")), (free, Value::Null)] {
            let (log, _guard) = captured();
            let call = call(named);
            let path = call.path().to_owned();
            World::default().call(call).await;
            assert_eq!(refusal(&log), (logged, json!(code), vec![]), "{path} of {named}");
        }
    }
}

// J6: a client that has proven itself is named, whichever endpoint refuses it and why.
#[tokio::test]
async fn a_refusal_of_a_client_that_has_proven_itself_names_it() {
    let polls: &[(&str, &str)] = &[("grant_type", DEVICE_GRANT), ("device_code", "x")];
    for (path, pairs, code) in [
        ("/oauth/token", polls, "invalid_grant"),
        ("/oauth/device_authorization", &[], "invalid_dpop_proof"),
        ("/oauth/bc-authorize", &[], "invalid_request"),
        ("/oauth/par", &[], "invalid_request"),
        ("/oauth/revoke", &[], "invalid_request"),
        ("/oauth/introspect", &[], "invalid_request"),
    ] {
        let (log, _guard) = captured();
        let world = World::default();
        let grants = vec![GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::Ciba];
        let secret = code::register_for(&world, SITE, ClientAuth::ClientSecret, grants);
        let call = form(path, pairs).header("authorization", &basic(SITE, &secret));
        let call = if path.ends_with("device_authorization") { call.header("dpop", "x") } else { call };
        world.call(call).await;
        assert_eq!(refusal(&log), (json!(SITE), json!(code), vec![]), "{path}");
    }
}

// K12 B12 J6: the store's answer to a step is lost, so the caller gets a 503 and repeats a step that was taken.
#[tokio::test]
async fn a_step_whose_answer_is_lost_is_a_line_that_is_not_sure() {
    for (steps, reached) in
        [(&["scan"][..], "scanned"), (&["scan", "confirm"], "confirmed"), (&["scan", "cancel"], "cancelled")]
    {
        let (step, before) = steps.split_last().unwrap();
        let mut unsure = 0;
        for at in 0.. {
            let (log, _guard) = captured();
            let world = World::default();
            let (person, login) = kiosk(&world, before).await;
            let version = login.session(&world).version;
            world.memory.inject(at, Fault::AnswerLost);
            let answer = login.step(&world, step, &person).await;
            if world.memory.disarm() {
                break;
            }
            let taken = login.session(&world).version > version;
            let lines = |wanted: &str| told(&log, &[]).iter().filter(|line| line.starts_with(wanted)).count();
            if answer.status == 503 && taken && lines(reached) == 0 {
                unsure += 1;
                let [account, sign_in] = phone(&world, &person).await;
                let session = named(&world, &login.code);
                let names = [(session.as_str(), "<session>"), (&account, "<person>"), (&sign_in, "<phone>")];
                let who = format!("client={ID} account=<person> sign_in=<phone> {HERE}");
                let line = format!("unsure session_ref=<session> {who} reason={reached}");
                assert_eq!(told(&log, &names).last(), Some(&line));
            }
            login.good(&world, step, &person).await;
            assert_eq!(lines("unsure") + lines(reached), 1, "{step} at {at}: {:?}", told(&log, &[]));
        }
        assert_eq!(unsure, 1, "{step}: its one write");
    }
}

// K12 B12 J6
#[tokio::test]
async fn a_redemption_whose_answer_is_lost_is_a_line_that_is_not_sure() {
    let mut unsure = 0;
    for at in 0.. {
        let (log, _guard) = captured();
        let world = World::default();
        let (_, login) = kiosk(&world, &["scan", "confirm"]).await;
        world.memory.inject(at, Fault::AnswerLost);
        let first = login.takes(&world).await;
        if world.memory.disarm() {
            break;
        }
        let is_redeemed = matches!(login.session(&world).state, State::Redeemed { .. });
        let last = told(&log, &[]).pop().unwrap();
        if is_redeemed && !last.starts_with("redeemed") {
            assert_eq!(first.status, 503);
            assert!(last.starts_with("unsure") && last.ends_with("reason=redeemed"), "{last}");
            unsure += 1;
        }
        assert!(has_token(&login.takes(&world).await), "at {at}");
    }
    assert_eq!(unsure, 1, "its one write");
}
