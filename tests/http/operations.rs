//! Tests of every route: dumps of the tables, headers, the shape of refusals.

use acceptance::{Answer, Call, Person, World};
use axum::{Router, routing::get};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use saoma_app::Environment;
use saoma_domain::{
    client::{Client, ReturnUrl},
    ports::Checks,
};
use saoma_dynamo::session_item;
use saoma_http::harden::{as_problem, hardened};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A kiosk's session that `person` confirmed, by its create answer.
pub(crate) async fn confirmed_kiosk(world: &World, person: &Person) -> Answer {
    let body = json!({"deviceName": "BM05\r\n{\"level\":\"ERROR\"}", "deviceMac": "22:33"});
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&body)).await;
    for step in ["scan", "bind"] {
        let path = format!("/api/qrCode/{step}LoginQrCode/{}", created.text("id"));
        assert_eq!(world.call(Call::post(&path).bearer(&person.token)).await.status, 200);
    }
    created
}

/// A PC's session for `client` that `person` confirmed, by its code answer.
pub(crate) async fn confirmed_web(world: &World, person: &Person, client: &str) -> Answer {
    let opened = world.call(Call::get(&format!("/qr/code?client={client}"))).await;
    let text = opened.text("text");
    for (step, body) in
        [("lock", json!({"code": text, "ext": "ext\nof the app"})), ("activate", json!({"code": text}))]
    {
        let call = Call::post(&format!("/qr/{step}")).bearer(&person.token).json(&body);
        assert_eq!(world.call(call).await.status, 200);
    }
    opened
}

pub(crate) fn kiosk_poll(created: &Answer, token: &str) -> Call {
    Call::post(&format!("/api/qrCode/getLoginQrCode/{}", created.text("id"))).header("token", token)
}

pub(crate) fn shop(client: Client) -> Client {
    Client { return_url: ReturnUrl::parse("https://shop.example/in"), ..client }
}

/// Every text in the stored sessions, with bytes in every spelling that a thief might try.
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

/// Whether it can be sent in a header.
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
    let (_, kiosk_secret) =
        kiosk.text("pollToken").split_once('.').map(|(c, s)| (c.to_owned(), s.to_owned())).unwrap();
    for given in [&kiosk_secret, &secret, &person.token, &person.refresh_token] {
        assert!(!whole.contains(given.as_str()), "{given} is stored");
    }
    // The stored record of a sign-in makes no refresh token either.
    let phone = world.session(&code).state.claim().unwrap().by.clone();
    assert!(world.memory.phone(&phone).await.unwrap().sign_in.is_some());
    let (account, sid) = (phone.account, phone.sign_in.as_str());
    stolen.extend([format!("{account}.{sid}.1."), format!("{account}.{sid}.1.{sid}")]);
    let before = world.memory.sessions();
    for (nth, text) in stolen.iter().filter(|text| fits_a_header(text)).enumerate() {
        let network = format!("198.51.100.{nth}"); // each from another, or D11 slows the thief down first
        for token in [text.clone(), format!("{}.{text}", kiosk.text("id"))] {
            let polled = world.call(kiosk_poll(&kiosk, &token).from_ip(&network)).await;
            assert_eq!(polled.json()["memberToken"], Value::Null, "{text}");
        }
        for key in [text.clone(), format!("{code}.{text}")] {
            let call = Call::get("/qr/login");
            for call in [call.clone().header("token", &key), call.cookie(&format!("__Host-saoma-qr={key}"))] {
                let answer = world.call(call.from_ip(&network)).await.json();
                assert!(answer.get("url").is_none() && answer["statusflag"] != 2, "{text}: {answer}");
            }
        }
        let path = format!("/q/{code}/cancel");
        let cancel = Call::post(&path).bearer(text).from_ip(&network);
        assert_eq!(world.call(cancel).await.status, 401, "{text}");
        let refresh = Call::post("/api/user/refresh").from_ip(&network).json(&json!({"refreshToken": text}));
        assert_eq!(world.call(refresh).await.status, 401, "{text}");
        let ticket = Call::post("/welcome").cookie(&web.cookie()).json(&json!({"ticket": text}));
        assert_eq!(world.call(ticket.from_ip(&network)).await.text("code"), "invalid_ticket", "{text}");
    }
    let key = |s: &saoma_domain::session::Session| s.code.to_string();
    let sorted = |mut all: Vec<saoma_domain::session::Session>| {
        all.sort_by_key(key);
        all
    };
    assert_eq!(sorted(world.memory.sessions()), sorted(before));
    assert!(world.call(kiosk_poll(&kiosk, &kiosk.text("pollToken"))).await.json()["memberToken"].is_string());
    // The records after the redemption do not help a quick thief either.
    for text in dump(&world).iter().filter(|text| fits_a_header(text)) {
        for token in [text.clone(), format!("{}.{text}", kiosk.text("id"))] {
            let polled = world.call(kiosk_poll(&kiosk, &token)).await;
            assert_eq!(polled.json()["memberToken"], Value::Null, "{text}");
        }
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
        [
            "/",
            "/q/x",
            "/welcome",
            "/assets/app.css",
            "/assets/none",
            "/favicon.ico",
            "/nowhere",
            "/widget.js",
        ]
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
        // Only answers without state may be stored: pages, files and public keys.
        let cache = match path.as_str() {
            _ if answer.status != 200 => "no-store",
            "/" | "/q/x" => "no-cache",
            "/favicon.ico" => "public, max-age=86400",
            "/.well-known/jwks.json" | "/widget.js" => "public, max-age=300",
            _ => "no-store",
        };
        assert_eq!(answer.header("cache-control"), cache, "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_one_failed_answer() {
    let world = World::default();
    let routes = Router::new()
        .route("/bad", get(async || if true { panic!("this is the panic of a test") } else { "bad" }))
        .route("/good", get(async || "good"));
    let service = hardened(routes, &world.service, as_problem);
    for _ in 0..2 {
        let answer = service.clone().oneshot(Call::get("/bad").request()).await.unwrap();
        Answer::read(answer).await.problem(500, "internal");
        assert_eq!(service.clone().oneshot(Call::get("/good").request()).await.unwrap().status(), 200);
    }
}

// W8: what is no text is refused in the contract's own shape.
#[tokio::test]
async fn a_path_that_is_no_text_is_refused_as_its_contract_refuses() {
    let world = World::default();
    for (call, code, name) in [
        (Call::post("/api/qrCode/getLoginQrCode/%ff"), "code", "malformed_path"),
        (Call::post("/qr/%ff"), "code", "malformed_path"),
        (Call::get("/qrlogin/verifycode/%ff"), "code", "malformed_path"),
        (Call::get("/login/qrcode/%ff"), "reason", "malformed_path"),
        (Call::post("/q/%c3%28/scan"), "code", "malformed_path"),
        (Call::new("DELETE", "/api/user/logins/%ff"), "code", "malformed_path"),
    ] {
        let path = call.path().to_owned();
        let answer = world.call(call).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.whole());
        assert_eq!(answer.json()[code], name, "{path}: {}", answer.whole());
    }
    let answer = world.call(Call::get("/login/qrcode/%e6%89%ab")).await;
    assert_eq!(answer.status, 404, "text that is no code: {}", answer.whole());
}
