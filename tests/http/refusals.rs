//! Every refusal can be explained: it is one line of the log, with its `code`, the route, the client and a
//! keyed hash of the session's code, and never with the code itself.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use acceptance::{Answer, Call, World};
use saoma_domain::client::Client;
use serde_json::{Value, json};
use tracing_subscriber::util::SubscriberInitExt;

use crate::{
    pages,
    remembered::{DEVICE, Region, both, log_in, pending, trace_code},
    web::{Pc, app, basic, let_in, pass},
};

/// What was written to the log since it was last read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Captures what this thread logs, until the guard is dropped.
    fn capture() -> (Self, impl Drop) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || writer.clone());
        (log, subscriber.finish().set_default())
    }

    fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one refusal among the lines since the last call.
    #[track_caller]
    fn refusal(&self, what: &str) -> Value {
        let lines = self.take();
        let refused: Vec<_> = lines.iter().filter(|line| line["message"] == "refused").collect();
        assert_eq!(refused.len(), 1, "{what}: {lines:?}");
        refused[0].clone()
    }
}

/// The fields of a refusal that explain it.
fn explained(line: &Value) -> [&str; 3] {
    ["code", "route", "client"].map(|name| line[name].as_str().unwrap_or_default())
}

/// What the log calls the session: it says nothing of the code, and no line says the code.
#[track_caller]
fn session_ref(line: &Value, code: &str) -> String {
    let said = line["session_ref"].as_str().unwrap_or_else(|| panic!("no session_ref: {line}"));
    assert!(said.len() == 16 && said.bytes().all(|byte| byte.is_ascii_hexdigit()), "{said}");
    assert!(!line.to_string().to_ascii_uppercase().contains(code), "{line}");
    said.to_owned()
}

async fn kiosk(world: &World) -> String {
    world.call(Call::post("/api/qrCode/createLoginQrCode")).await.text("id")
}

#[tokio::test]
async fn two_refusals_of_one_session_have_one_name_for_it() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    let (owner, other) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let (id, another) = (kiosk(&world).await, kiosk(&world).await);
    let step = async |step: &str, id: &str, token: &str| {
        let call = Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).bearer(token);
        world.call(call).await
    };
    for id in [&id, &another] {
        assert_eq!(step("scan", id, &owner.token).await.status, 200);
    }
    log.take();
    step("bind", &id, &other.token).await.problem(403, "claimed_by_another");
    let bound = log.refusal("bind");
    let route = "/api/qrCode/bindLoginQrCode/{id}";
    assert_eq!(explained(&bound), ["claimed_by_another", route, "HOSPITAL_SAAS"]);
    step("cancel", &id, &other.token).await.problem(403, "claimed_by_another");
    let cancelled = log.refusal("cancel");
    pages::step(&world, "confirm", &other, &id, &json!({})).await.problem(403, "claimed_by_another");
    let page = log.refusal("page");
    step("bind", &another, &other.token).await.problem(403, "claimed_by_another");
    let elsewhere = log.refusal("another session");
    let name = session_ref(&bound, &id);
    assert_eq!((session_ref(&cancelled, &id), session_ref(&page, &id)), (name.clone(), name.clone()));
    assert_ne!(session_ref(&elsewhere, &another), name);
}

#[tokio::test]
async fn a_dead_qr_of_a_page_is_a_refusal_though_it_is_answered_with_200() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    let secret = world.register_client("SHOP", |client: Client| client);
    let (owner, other) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let used = Pc::read(&world.call(Call::get("/qr/code?client=SHOP")).await);
    let_in(&world, &owner, &used).await;
    let ticket = used.ticket(&world).await;
    let exchange = || {
        let call = Call::post("/qr/ticket").header("authorization", &basic("SHOP", secret.reveal()));
        world.call(call.json(&json!({"ticket": ticket})))
    };
    assert_eq!(exchange().await.status, 200);
    log.take();
    assert_eq!(app(&world, "cancel", &owner, &used.code).await.status, 200);
    let told = log.refusal("the phone that holds it");
    assert_eq!(explained(&told), ["used", "/qr/cancel", "SHOP"]);
    assert_eq!(app(&world, "lock", &other, &used.code).await.status, 200);
    let untold = log.refusal("another phone");
    assert_eq!(explained(&untold), ["not_found", "/qr/lock", "SHOP"]);
    pass(&world, 31);
    exchange().await.problem(400, "invalid_ticket");
    let late = log.refusal("a ticket that was used");
    assert_eq!(explained(&late), ["invalid_ticket", "/qr/ticket", "SHOP"]);
    let name = session_ref(&told, &used.code);
    assert_eq!((session_ref(&untold, &used.code), session_ref(&late, &used.code)), (name.clone(), name));
    assert!(!late.to_string().contains(&ticket));
}

#[tokio::test]
async fn an_answer_to_a_prompt_that_is_over_is_explained() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let region = Region::registered(&world, "clientId-01");
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    let code = trace_code(&world, &trace);
    pass(&world, 60);
    log.take();
    let body = json!({"traceId": trace, "accept": true});
    let answer = world.call(Call::post("/login/answer").bearer(&person.token).json(&body)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (410, &json!("expired")));
    let line = log.refusal("an answer");
    assert_eq!(explained(&line), ["expired", "/login/answer", "clientId-01"]);
    session_ref(&line, &code);
}

#[tokio::test]
async fn refusals_of_a_shop_of_unknown_codes_and_of_no_session_are_explained() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    let (owner, other) = (world.sign_in("13800138000").await, world.sign_in("13900139000").await);
    let create = Call::get("/qrlogin/createcode").header("accept", "application/json");
    let shop = world.call(create).await.text("code");
    let scanned = Call::get(&format!("/qrlogin/verifycode/{shop}")).header("token", &owner.token);
    assert_eq!(world.call(scanned).await.json()["status"], 1);
    let waiting = kiosk(&world).await;
    log.take();
    let refused = async |call: Call| -> (Answer, Value) {
        let what = call.path().to_owned();
        let answer = world.call(call).await;
        (answer, log.refusal(&what))
    };
    let take = Call::post(&format!("/qrlogin/qrcodelogin/{shop}")).header("token", &other.token);
    let (answer, line) = refused(take).await;
    answer.problem(403, "claimed_by_another");
    assert_eq!(explained(&line), ["claimed_by_another", "/qrlogin/qrcodelogin/{code}", "shop"]);
    session_ref(&line, &shop);

    let early = Call::post(&format!("/q/{waiting}/confirm")).bearer(&owner.token).json(&json!({}));
    let (answer, line) = refused(early).await;
    answer.problem(409, "not_scanned");
    assert_eq!(explained(&line), ["not_scanned", "/q/{code}/confirm", "HOSPITAL_SAAS"]);
    session_ref(&line, &waiting);

    // Of an unknown code no client is known; the refusal still names it, by its hash.
    let unknown = "ZZZZZZZZZZZZZZZZZZZZZZZZZZ";
    let (answer, line) = refused(Call::post(&format!("/q/{unknown}/scan")).bearer(&owner.token)).await;
    answer.problem(404, "not_found");
    assert_eq!(explained(&line), ["not_found", "/q/{code}/scan", ""]);
    session_ref(&line, unknown);

    let (answer, line) = refused(Call::post("/api/user/logout")).await;
    answer.problem(401, "unauthorized");
    assert_eq!(explained(&line), ["unauthorized", "/api/user/logout", ""]);
    assert_eq!(line.get("session_ref"), None);
}

#[tokio::test]
async fn what_is_no_refusal_is_not_logged_as_one() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    kiosk(&world).await;
    let lines = log.take();
    let answered: Vec<_> = lines.iter().filter(|line| line.get("route").is_some()).collect();
    assert_eq!(answered.len(), 1, "{lines:?}");
    assert_eq!((&answered[0]["message"], answered[0].get("code")), (&json!("request"), None));
}

#[tokio::test]
async fn a_dead_code_of_the_shop_is_explained_though_its_answer_is_a_200() {
    let (log, _guard) = Log::capture();
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let created = world.call(Call::get("/qrlogin/createcode").header("accept", "application/json")).await;
    let code = created.text("code");
    let path = format!("/qrlogin/qrcodelogin/{code}");
    world.clock.advance(Duration::from_mins(5));
    log.take();
    let polled = world.call(Call::get(&path).cookie(&created.cookie())).await;
    assert_eq!(polled.json(), json!({"status": -1}));
    let screen = log.refusal("the screen");
    assert_eq!(explained(&screen)[0], "expired");
    let app = world.call(Call::post(&path).bearer(&person.token)).await;
    assert_eq!(app.json(), json!({"status": -1}));
    let phone = log.refusal("the phone");
    assert_eq!(explained(&phone)[0], "not_found");
    let asked = world.call(Call::get(&format!("/qrlogin/verifycode/{code}")).bearer(&person.token)).await;
    assert_eq!(asked.json()["status"], 0);
    let verified = log.refusal("verifycode");
    let name = session_ref(&screen, &code);
    assert_eq!((session_ref(&phone, &code), session_ref(&verified, &code)), (name.clone(), name));
}
