//! The log: what it has to contain, and what it must never contain. What OAuth adds is played by [`canaries`].

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use acceptance::{Call, ISSUER, SIGNING_SECRET, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use saoma_app::Environment;
use saoma_domain::{
    ports::{CallFailure, Clock},
    secrets::TokenId,
    sign_in::Method,
    sms_challenge::ChallengeId,
};
use saoma_memory::Fault;
use serde_json::{Value, json};
use tracing_subscriber::util::SubscriberInitExt;

use crate::{
    oauth::canaries,
    operations::{confirmed_kiosk, confirmed_web, kiosk_poll, shop},
    remembered::{DEVICE, Region, both, code, log_in},
};

/// The lines of the log.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// The lines so far.
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines with this message.
    pub(crate) fn of(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == message).collect()
    }
}

/// Captures the log of this thread from here on, as functions write it, until the guard is dropped.
pub(crate) fn captured() -> (Captured, impl Sized) {
    let captured = Captured::default();
    let writer = captured.clone();
    let log = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    (captured, log.set_default())
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs logins of a kiosk and a web page, with refusals and failures in between. Returns the secrets that must stay out
/// of the log.
async fn kiosk_and_web(world: &World) -> Vec<String> {
    let mut secrets = vec![SIGNING_SECRET.to_owned(), "13800138000".to_owned(), "138-0013-8000".to_owned()];
    let person = world.sign_in("138-0013-8000").await;
    secrets.push(world.outbox.last_code().unwrap());
    secrets.extend([person.token.clone(), person.refresh_token.clone(), person.known.clone()]);
    let challenge = ChallengeId::random(&*world.random).as_str().to_owned();
    let asked = json!({"phone": "13800138000", "challenge": challenge});
    world.call(Call::post("/api/user/sendCode").json(&asked)).await;
    let wrong = json!({"challenge": challenge, "code": "864209"});
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

/// Runs a login of a shop, and logins of a hosted client with and without a scan, whose effects cannot be delivered.
/// Returns the secrets that must stay out of the log.
async fn shop_and_remembered(world: &World) -> Vec<String> {
    let person = world.sign_in("13800138001").await;
    let mut secrets = vec!["13800138001".to_owned(), person.token.clone()];

    let create = Call::get("/qrlogin/createcode").header("accept", "application/json");
    let shown = world.call(create).await;
    let (cookie, path) = (shown.cookie(), format!("/qrlogin/qrcodelogin/{}", shown.text("code")));
    secrets.extend([shown.text("code"), cookie.split_once('.').unwrap().1.to_owned()]);
    world.call(Call::get(shown.text("url").strip_prefix(ISSUER).unwrap())).await;
    let theirs = world.call(Call::get(&path).header("token", &person.token)).await;
    let member = world.call(Call::get(&path).cookie(&cookie)).await;
    secrets.extend([
        theirs.text("member_identifier"),
        member.text("token"),
        member.text("member_identifier"),
    ]);

    let region = Region::registered(world, "clientId-01");
    let trace = log_in(world, &region, &person, json!({"deviceId": DEVICE})).await;
    secrets.push(code(world, &region, &trace).await);
    let ticket = region.results(world, &trace).await[1]["ticket"].clone();
    secrets.push(ticket.as_str().unwrap().to_owned());
    secrets.push(region.exchange(world, &ticket).await.text("access_token"));
    secrets.push(region.send(world, Call::get("/login/webhook")).await.text("secret"));
    secrets.push(region.authorization().to_owned());

    let token = "a-push-token-of-this-phone";
    let push = json!({"platform": "FCM", "token": token});
    assert_eq!(
        world.call(Call::post("/api/device/push").bearer(&person.token).json(&push)).await.status,
        200
    );
    secrets.push(token.to_owned());
    world.stream_all().await;
    let refuses = CallFailure::Refused { status: 500, retry_after: None };
    world.post.change(|posted| (posted.pushes_fail, posted.webhooks_fail) = (true, Some(refuses)));
    let asked = region.ask(world, both(&person)).await.text("traceId");
    // The prompt reaches no phone, and the client cannot be told about the QR that replaces it.
    for _ in 0..3 {
        world.stream(&world.changed()).await;
    }
    assert_eq!(world.hand_over(&world.queued(), 1).await.batch_item_failures.len(), 1);
    secrets.push(code(world, &region, &asked).await);
    let odd = json!({"traceId": asked, "accept": true, "matchNumber": person.token});
    assert_eq!(world.call(Call::post("/login/answer").bearer(&person.token).json(&odd)).await.status, 400);
    secrets
}

// J1 W9
#[tokio::test]
async fn no_secret_reaches_the_log_and_every_line_is_one_object() {
    let (captured, log) = captured();
    let world = World::default();
    let mut secrets = kiosk_and_web(&world).await;
    secrets.extend(shop_and_remembered(&world).await);
    secrets.extend(canaries::played().await);
    drop(log);
    let text = captured.text();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object() && line["level"].is_string(), "{line}");
    }
    let said = |message: &str| text.lines().filter(|line| line.contains(message)).count();
    let (answered, refused) = (said("\"message\":\"request\""), said("\"message\":\"refused\""));
    assert!(answered > 30 && refused > 7, "{answered} answered, {refused} refused");
    let by_oauth = said("\"route\":\"/oauth/token\"");
    assert!(by_oauth > 15, "{by_oauth} calls by OAuth");
    // J6
    let audited = said("\"target\":\"audit\"");
    assert!(audited > 15 && !text.contains("13800138000"), "{audited} steps");
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
    let keys = &world.service.keys;
    let redemption =
        saoma_domain::session::Redemption { id: TokenId::random(&*world.random), at: world.clock.now() };
    let life = Duration::from_mins(15);
    let minted =
        keys.mint_screen_token(ISSUER, &session, person.account, &redemption, Method::Sms, life).unwrap();
    assert_eq!(format!("{minted:?}"), "MintedToken(…, 900s)");
    let shown = format!("{keys:?} {:?}", world.vault.secret());
    assert!(shown.contains("Keyring") && !shown.contains(SIGNING_SECRET), "{shown}");
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
