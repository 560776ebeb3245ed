//! What holds of every route: logs, dumps, headers, the envelope.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use acceptance::{Answer, Call, ISSUER, Person, SIGNING_SECRET, World};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use saoma_domain::{
    client::{Client, ReturnUrl},
    identity::PhoneId,
    ports::{Clock, SignIns},
    secrets::TokenId,
};
use saoma_dynamo::session_item;
use saoma_http::Environment;
use saoma_memory::Fault;
use saoma_tokens::Keys;
use serde_json::{Value, json};
use tracing_subscriber::util::SubscriberInitExt;

/// What was written to the log.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A kiosk's session that `person` confirmed, by its create answer.
async fn confirmed_kiosk(world: &World, person: &Person) -> Answer {
    let body = json!({"deviceName": "BM05\r\n{\"level\":\"ERROR\"}", "deviceMac": "22:33"});
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&body)).await;
    for step in ["scan", "bind"] {
        let path = format!("/api/qrCode/{step}LoginQrCode/{}", created.text("id"));
        assert_eq!(world.call(Call::post(&path).bearer(&person.token)).await.status, 200);
    }
    created
}

/// A PC's session for `client` that `person` confirmed, by its code answer.
async fn confirmed_web(world: &World, person: &Person, client: &str) -> Answer {
    let opened = world.call(Call::get(&format!("/qr/code?client={client}"))).await;
    let body = json!({"code": opened.text("text"), "ext": "ext\nof the app"});
    for step in ["lock", "activate"] {
        let call = Call::post(&format!("/qr/{step}")).bearer(&person.token).json(&body);
        assert_eq!(world.call(call).await.status, 200);
    }
    opened
}

fn kiosk_poll(created: &Answer, token: &str) -> Call {
    Call::post(&format!("/api/qrCode/getLoginQrCode/{}", created.text("id"))).header("token", token)
}

fn shop(client: Client) -> Client {
    Client { return_url: ReturnUrl::parse("https://shop.example/in"), ..client }
}

/// Whole logins of every kind, with refusals and failures in between; all that must stay out of logs.
async fn live(world: &World) -> Vec<String> {
    let mut secrets = vec![SIGNING_SECRET.to_owned(), "13800138000".to_owned(), "138-0013-8000".to_owned()];
    let person = world.sign_in("138-0013-8000").await;
    secrets.push(world.outbox.last_code().unwrap());
    secrets.extend([person.token.clone(), person.refresh_token.clone()]);
    let wrong = json!({"phone": "13800138000", "code": "864209"});
    world.call(Call::post("/api/user/login/code").json(&wrong)).await;
    secrets.push("864209".to_owned());

    let created = confirmed_kiosk(world, &person).await;
    secrets.extend([created.text("id"), created.text("pollToken")]);
    let taken = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    secrets.push(taken.text("memberToken"));

    let secret = world.register_client("SHOP", shop);
    let basic = STANDARD.encode(format!("SHOP:{}", secret.reveal()));
    secrets.extend([secret.reveal().to_owned(), basic.clone()]);
    let opened = confirmed_web(world, &person, "SHOP").await;
    let (_, cookie) = opened.cookie().split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
    secrets.extend([opened.text("code"), cookie.clone(), cookie.split_once('.').unwrap().1.to_owned()]);
    let url = world.call(Call::get("/qr/login").cookie(&opened.cookie())).await.text("url");
    let ticket = url.split_once("ticket=").unwrap().1.to_owned();
    let exchange = Call::post("/qr/ticket").header("authorization", &format!("Basic {basic}"));
    let exchange = exchange.json(&json!({"ticket": ticket}));
    secrets.extend([world.call(exchange.clone()).await.text("access_token"), ticket]);
    world.call(exchange).await;

    // Refused, broken and failing calls that carry secrets.
    let code = created.text("id");
    for path in [
        format!("/q/{code}"),
        format!("/q/{code}/x"),
        format!("/x/{code}%0A%0D"),
        format!("/?token={cookie}"),
    ] {
        world.call(Call::get(&path)).await;
    }
    for calls in 0..4 {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            world.memory.inject(calls, fault);
            let path = format!("/q/{}/scan", opened.text("code"));
            world.call(Call::post(&path).bearer(&person.token)).await;
            world.memory.disarm();
        }
    }
    let malformed = format!("{{\"phone\": \"13800138000\", \"code\": {cookie}");
    world.call(Call::post("/api/user/login/code").body("application/json", &malformed)).await;
    let renewed = Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}));
    let renewed = world.call(renewed).await;
    secrets.extend([renewed.text("token"), renewed.text("refreshToken")]);
    world.call(Call::post("/api/user/logout").bearer(&renewed.text("token"))).await;
    secrets
}

// J1 W9
#[tokio::test]
async fn no_secret_reaches_the_log_and_every_line_is_one_object() {
    let captured = Captured::default();
    let writer = captured.clone();
    let log = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .without_time()
        .with_writer(move || writer.clone())
        .finish()
        .set_default();
    let secrets = live(&World::default()).await;
    drop(log);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object() && line["level"].is_string(), "{line}");
    }
    let requests = text.lines().filter(|line| line.contains("\"message\":\"request\"")).count();
    assert!(requests > 25, "{requests} requests in the log");
    assert!(text.contains("injected fault"), "failures are logged");
    for secret in secrets {
        assert!(secret.len() >= 6 && !text.contains(&secret), "{secret} is in the log");
    }
}

// J2
#[tokio::test]
async fn debug_never_shows_a_secret() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let session = world.session(&confirmed_kiosk(&world, &person).await.text("id"));
    let keys = Keys::derive(SIGNING_SECRET, None).unwrap();
    let grant = saoma_domain::session::Grant { id: TokenId::random(&*world.random), at: world.clock.now() };
    let life = Duration::from_mins(15);
    let minted = keys.mint_screen_token(ISSUER, &session, person.account, &grant, life).unwrap();
    assert_eq!(format!("{minted:?}"), "MintedToken(…, 900s)");
    assert!(!format!("{keys:?}").contains(SIGNING_SECRET));
    let web = confirmed_web(&world, &person, "saoma").await;
    let poll_token = web.text("pollToken");
    let key = saoma_http::cookie::ScreenKey::parse(&poll_token).unwrap();
    let shown = format!("{key:?} {session:?}");
    assert!(shown.contains("Secret(…)") && shown.contains("SecretHash(…)"), "{shown}");
    let (code, secret) = poll_token.split_once('.').unwrap();
    assert!(!shown.contains(secret) && !shown.contains(code), "{shown}");
    let environment = Environment::of([("AWS_SECRET_ACCESS_KEY", "canary"), ("AWS_REGION", "canary")]);
    let shown = format!("{environment:?}");
    assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("canary"), "{shown}");
}

/// Every text in the stored sessions, bytes in every spelling somebody might try.
fn dump(world: &World) -> Vec<String> {
    let mut texts = Vec::new();
    for value in world.memory.sessions().iter().flat_map(session_item::to_item).map(|(_, value)| value) {
        if let Ok(text) = value.as_s().or(value.as_n()) {
            texts.push(text.clone());
        }
        if let Ok(blob) = value.as_b() {
            let bytes = blob.as_ref();
            texts.extend([URL_SAFE_NO_PAD.encode(bytes), STANDARD.encode(bytes)]);
            texts.push(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")));
        }
    }
    texts
}

/// Whether somebody could send it in a header at all.
fn fits_a_header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

// J3
#[tokio::test]
async fn a_dump_of_the_sessions_neither_polls_redeems_nor_signs_in() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let kiosk = confirmed_kiosk(&world, &person).await;
    let web = confirmed_web(&world, &person, "saoma").await;
    let (code, secret) =
        web.text("pollToken").split_once('.').map(|(c, s)| (c.to_owned(), s.to_owned())).unwrap();
    let mut stolen = dump(&world);
    let whole = stolen.join("\n");
    for given in [&kiosk.text("pollToken"), &secret, &person.token, &person.refresh_token] {
        assert!(!whole.contains(given.as_str()), "{given} is stored");
    }
    // What is kept of a sign-in makes no refresh token either.
    let sid = world.session(&code).state.claim().unwrap().by.phone.clone();
    assert!(world.memory.sign_in(&PhoneId::parse(sid.as_str()).unwrap()).await.unwrap().is_some());
    stolen.extend([format!("{}.1.", sid.as_str()), format!("{0}.1.{0}", sid.as_str())]);
    let before = world.memory.sessions();
    for text in stolen.iter().filter(|text| fits_a_header(text)) {
        assert_eq!(world.call(kiosk_poll(&kiosk, text)).await.json()["memberToken"], Value::Null, "{text}");
        for key in [text.clone(), format!("{code}.{text}")] {
            let call = Call::get("/qr/login");
            for call in [call.clone().header("token", &key), call.cookie(&format!("__Host-saoma-qr={key}"))] {
                let answer = world.call(call).await.json();
                assert!(answer.get("url").is_none() && answer["statusflag"] != 2, "{text}: {answer}");
            }
        }
        let path = format!("/q/{code}/cancel");
        assert_eq!(world.call(Call::post(&path).bearer(text)).await.status, 401, "{text}");
        let refresh = Call::post("/api/user/refresh").json(&json!({"refreshToken": text}));
        assert_eq!(world.call(refresh).await.status, 401, "{text}");
        let ticket = Call::post("/welcome").cookie(&web.cookie()).json(&json!({"ticket": text}));
        assert_eq!(world.call(ticket).await.text("code"), "invalid_ticket", "{text}");
    }
    let key = |s: &saoma_domain::session::Session| s.code.to_string();
    let sorted = |mut all: Vec<saoma_domain::session::Session>| {
        all.sort_by_key(key);
        all
    };
    assert_eq!(sorted(world.memory.sessions()), sorted(before));
    assert!(world.call(kiosk_poll(&kiosk, &kiosk.text("pollToken"))).await.json()["memberToken"].is_string());
    // Nor does what is stored after the redemption, to a thief who is quick.
    for text in dump(&world).iter().filter(|text| fits_a_header(text)) {
        assert_eq!(world.call(kiosk_poll(&kiosk, text)).await.json()["memberToken"], Value::Null, "{text}");
    }
}

// J7
#[test]
fn what_is_missing_is_named() {
    let environment = Environment::of([("SESSIONS_TABLE", ""), ("QR_BUCKET", "pictures")]);
    assert_eq!(environment.required("SESSIONS_TABLE").unwrap_err().to_string(), "SESSIONS_TABLE is not set");
    assert_eq!(
        environment.required("DIRECTORY_TABLE").unwrap_err().to_string(),
        "DIRECTORY_TABLE is not set"
    );
    assert_eq!(environment.required("QR_BUCKET").unwrap(), "pictures");
}

const FUNCTIONS: [(&str, &str, &str); 5] = [
    ("kiosk", "PUT", "/api/qrCode/createLoginQrCode"),
    ("web", "POST", "/qr/login"),
    ("oauth", "POST", "/.well-known/jwks.json"),
    ("accounts", "GET", "/api/user/sendCode"),
    ("pages", "DELETE", "/"),
];

#[tokio::test]
async fn unknown_addresses_and_wrong_methods_are_told_in_the_contracts_shape() {
    let world = World::default();
    for (function, method, path) in FUNCTIONS {
        let elsewhere = format!("{path}/nowhere/at/all");
        for (call, status, code) in [
            (Call::new(method, path), 405, "method_not_allowed"),
            (Call::get(&elsewhere), 404, "no_such_route"),
        ] {
            let answer = world.call_function(function, call.request()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text("code")),
                (status, code.to_owned()),
                "{function}"
            );
            if function == "web" {
                assert_eq!(answer.json()["statusflag"], -1);
                assert_eq!(answer.json()["errorCode"], -1);
            } else {
                assert_eq!(answer.header("content-type"), "application/problem+json");
                assert_eq!(answer.json()["status"], status);
            }
        }
    }
}

// W5 W16
#[tokio::test]
async fn every_answer_is_hardened() {
    let world = World::default();
    let mut calls: Vec<Call> = FUNCTIONS.iter().map(|(_, method, path)| Call::new(method, path)).collect();
    calls.extend(
        ["/", "/q/x", "/welcome", "/assets/app.css", "/assets/none", "/favicon.ico", "/nowhere"]
            .map(Call::get),
    );
    calls.extend(
        ["/qr/code", "/qr/loginpic/", "/qr/login", "/qr/loginpic?qrSize=0", "/?token=x"].map(Call::get),
    );
    calls.extend(["/.well-known/jwks.json", "/.well-known/none"].map(Call::get));
    calls.extend(
        ["/api/user/sendCode", "/api/qrCode/createLoginQrCode", "/qr/lock", "/qr/ticket"].map(Call::post),
    );
    calls.push(Call::new("OPTIONS", "/qr/code"));
    calls.push(Call::post("/api/user/sendCode").body("text/plain", &"x".repeat(20_000)));
    for call in calls {
        let path = call.path().to_owned();
        let answer = world.call(call).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {}", answer.whole());
        }
        let csp = answer.header("content-security-policy");
        assert!(
            csp.starts_with("default-src 'none'") && csp.contains("frame-ancestors 'none'"),
            "{path}: {csp}"
        );
        assert!(!csp.contains("unsafe"), "{path}: {csp}");
        // Only what is nobody's is kept: files and public keys.
        let public = answer.status == 200
            && ["/assets/", "/favicon.ico", "/.well-known/"].iter().any(|start| path.starts_with(start));
        let cache = if public { "public, max-age=300" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cache, "{path}");
    }
}
