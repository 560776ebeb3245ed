//! Sockets of waiting screens: who may watch which session, and what is told (`docs/web.md`).

use std::{collections::BTreeSet, time::Duration};

use acceptance::{Call, ISSUER, Person, World};
use saoma_app::metrics::Metric;
use saoma_domain::{
    client::{Client, Origin, ReturnUrl},
    oauth::ClientAuth,
    secrets::SessionCode,
    session::MatchPolicy,
    watching::{WatchRef, Watcher},
};
use saoma_memory::Fault;
use serde_json::{Value, json};

use crate::{
    logs::captured,
    oauth::{
        ciba,
        code::{self, Page, SITE, register},
    },
    remembered::{self, DEVICE, Region, both, log_in},
    web::{Pc, app, done, exchange, register_shop},
};

const SOCKET_URL: &str = "wss://sockets.example.com/v1";
const SHOP_ORIGIN: &str = "https://shop.example";

/// A service whose screens have sockets.
fn with_sockets() -> World {
    World::with(&[("SOCKET_URL", SOCKET_URL)])
}

/// A screen with a QR, and the token to watch it with.
struct Screen {
    pc: Pc,
    watch: String,
}

impl Screen {
    async fn open(world: &World, path: &str) -> Self {
        let opened = world.call(Call::get(path)).await;
        Self { pc: Pc::read(&opened), watch: opened.text("watch") }
    }

    /// For our own page.
    async fn ours(world: &World) -> Self {
        Self::open(world, "/qr/code").await
    }

    fn watchers(&self, world: &World) -> Vec<String> {
        let watchers = world.memory.watchers(&SessionCode::parse(&self.pc.code).unwrap());
        watchers.iter().map(|it| it.connection.as_str().to_owned()).collect()
    }

    /// What its screens are told when these connections watch.
    fn told(&self, connections: &[&str]) -> (WatchRef, Vec<String>) {
        let connections = connections.iter().map(|id| (*id).to_owned());
        (WatchRef::of(&SessionCode::parse(&self.pc.code).unwrap()), connections.collect())
    }
}

/// The sessions whose screens were told since this was last asked, and the connections of these.
fn rung(world: &World) -> Vec<(WatchRef, Vec<String>)> {
    let names =
        |watchers: Vec<Watcher>| watchers.iter().map(|it| it.connection.as_str().to_owned()).collect();
    world.bell.rung().into_iter().map(|(session, watchers)| (session, names(watchers))).collect()
}

/// A handshake: the golden one with these differences.
struct Handshake(Value);

impl Handshake {
    fn golden() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/socket-connect.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Of our own page, which offers this token.
    fn with(token: &str) -> Self {
        Self(Self::golden()).header("Sec-WebSocket-Protocol", &format!("saoma.v1, {token}"))
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self.0["multiValueHeaders"][name] = json!([value]);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0["headers"].as_object_mut().unwrap().remove(name);
        self.0["multiValueHeaders"].as_object_mut().unwrap().remove(name);
        self
    }

    fn of(mut self, connection: &str) -> Self {
        self.0["requestContext"]["connectionId"] = json!(connection);
        self
    }

    fn coming_from(mut self, ip: &str) -> Self {
        self.0["requestContext"]["identity"]["sourceIp"] = json!(ip);
        self
    }

    /// The status, and the subprotocol of the answer.
    async fn at(&self, world: &World) -> (u16, Option<&'static str>) {
        let answer = world.at_socket(&self.0).await;
        (answer.status_code, answer.headers.get("Sec-WebSocket-Protocol").copied())
    }
}

const OPEN: (u16, Option<&str>) = (200, Some("saoma.v1"));
const fn refused(status: u16) -> (u16, Option<&'static str>) {
    (status, None)
}

async fn opens(world: &World, token: &str, connection: &str) {
    assert_eq!(Handshake::with(token).of(connection).at(world).await, OPEN, "{connection}");
}

#[tokio::test]
async fn a_screen_that_watches_is_told_of_each_step() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    let screen = Screen::ours(&world).await;
    opens(&world, &screen.watch, "one=").await;
    assert_eq!(rung(&world), []);
    done(&app(&world, "lock", &person, &screen.pc.code).await);
    assert_eq!(rung(&world), [screen.told(&["one="])]);
    assert_eq!(screen.pc.poll(&world).await.json()["statusflag"], 1);
    opens(&world, &screen.watch, "two=").await;
    done(&app(&world, "activate", &person, &screen.pc.code).await);
    assert_eq!(rung(&world), [screen.told(&["two=", "one="])]);
    for step in ["lock", "activate"] {
        app(&world, step, &person, &screen.pc.code).await;
    }
    assert_eq!(rung(&world), [], "repeating a step changes nothing");
    screen.pc.ticket(&world).await;
    assert_eq!(rung(&world), [], "a poll neither");

    let declined = Screen::ours(&world).await;
    opens(&world, &declined.watch, "three=").await;
    for step in ["lock", "cancel"] {
        done(&app(&world, step, &person, &declined.pc.code).await);
    }
    assert_eq!(rung(&world), [declined.told(&["three="]), declined.told(&["three="])]);
}

#[tokio::test]
async fn a_wrong_number_ends_the_session_and_its_screen_is_told() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    world.register_client("shop", |client| Client {
        match_policy: MatchPolicy::Pick,
        return_url: ReturnUrl::parse("https://shop.example/in"),
        ..client
    });
    let screen = Screen::open(&world, "/qr/code?client=shop").await;
    opens(&world, &screen.watch, "one=").await;
    let path = |step: &str| format!("/q/{}/{step}", screen.pc.code);
    let step = |step: &str, body: Value| Call::post(&path(step)).bearer(&person.token).json(&body);
    assert_eq!(world.call(step("scan", json!({}))).await.status, 200);
    assert_eq!(rung(&world).len(), 1);
    let wrong = if screen.pc.number == "42" { "43" } else { "42" };
    let confirmed = world.call(step("confirm", json!({"matchNumber": wrong}))).await;
    assert_ne!(confirmed.status, 200);
    assert_eq!(rung(&world), [screen.told(&["one="])]);
    assert_eq!(screen.pc.poll(&world).await.json()["statusflag"], -2);
}

// W11
#[tokio::test]
async fn a_refused_step_tells_no_screen() {
    let world = with_sockets();
    let [owner, stranger] = [world.sign_in("13800138000").await, world.sign_in("13800138001").await];
    let screen = Screen::ours(&world).await;
    opens(&world, &screen.watch, "one=").await;
    done(&app(&world, "lock", &owner, &screen.pc.code).await);
    rung(&world);
    for step in ["lock", "activate", "cancel"] {
        assert_ne!(app(&world, step, &stranger, &screen.pc.code).await.json()["statusflag"], 0, "{step}");
    }
    assert_eq!(rung(&world), []);
}

#[tokio::test]
async fn a_step_succeeds_although_no_screen_can_be_told() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    let screen = Screen::ours(&world).await;
    opens(&world, &screen.watch, "one=").await;
    world.bell.fail(true);
    let (log, guard) = captured();
    for step in ["lock", "activate"] {
        done(&app(&world, step, &person, &screen.pc.code).await);
    }
    assert_eq!(log.of("screens could not be told").len(), 2);
    drop(guard);
    assert_eq!(screen.pc.poll(&world).await.json()["statusflag"], 2);
}

// Nothing is carried to notify either: what the stream would bring stays in the store.
#[tokio::test]
async fn a_screen_that_is_told_nothing_still_signs_in() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    world.bell.fail(true);

    let page = Screen::ours(&world).await;
    opens(&world, &page.watch, "page=").await;
    done(&app(&world, "lock", &person, &page.pc.code).await);
    assert_eq!(page.pc.poll(&world).await.json()["statusflag"], 1);
    done(&app(&world, "activate", &person, &page.pc.code).await);
    let ticket = json!({"ticket": page.pc.ticket(&world).await});
    let welcome = world.call(Call::post("/welcome").cookie(&page.pc.cookie).json(&ticket)).await;
    assert_eq!(welcome.status, 200, "{}", welcome.whole());

    let machine = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await;
    opens(&world, &machine.text("watch"), "machine=").await;
    for (step, token, status) in [
        ("scan", &person.token, "SCAN"),
        ("get", &machine.text("pollToken"), "SCAN"),
        ("bind", &person.token, "SUCCESS"),
        ("get", &machine.text("pollToken"), "SUCCESS"),
    ] {
        let call = Call::post(&format!("/api/qrCode/{step}LoginQrCode/{}", machine.text("id")));
        let answer = world.call(call.header("token", token).json(&json!({}))).await;
        assert_eq!((answer.status.as_u16(), answer.text("codeStatus").as_str()), (200, status), "{step}");
        assert_eq!(answer.json()["memberToken"].is_string(), (step, status) == ("get", "SUCCESS"));
    }

    register(&world, SITE, ClientAuth::None);
    let site = Page::open(&world).await;
    opens(&world, site.text("watch"), "site=").await;
    let given = site.approved_by(&world, &person).await;
    assert_eq!(world.call(code::exchange(&given, &[])).await.status, 200);

    assert_eq!(rung(&world).len(), 6, "each step tried to tell its screen");
    let sent = world.post.sent();
    assert_eq!((sent.messages.len(), sent.queued.len(), sent.pushes.len()), (0, 0, 0));
}

// K12: the step was taken, and the phone got a 503. The screen is told all the same, because a repeated step tells no one.
#[tokio::test]
async fn a_screen_is_told_of_a_step_whose_answer_is_lost() {
    let mut taken = 0;
    for at in 0.. {
        let world = with_sockets();
        let person = world.sign_in("13800138000").await;
        let screen = Screen::ours(&world).await;
        opens(&world, &screen.watch, "one=").await;
        rung(&world);
        world.memory.inject(at, Fault::AnswerLost);
        let locked = app(&world, "lock", &person, &screen.pc.code).await;
        if world.memory.disarm() {
            break;
        }
        if locked.status == 503 && world.session(&screen.pc.code).state.name() == "scanned" {
            taken += 1;
            assert_eq!(rung(&world), [screen.told(&["one="])], "at once");
            done(&app(&world, "lock", &person, &screen.pc.code).await);
            assert_eq!(rung(&world), []);
        }
    }
    assert_eq!(taken, 1, "its one write");
}

/// A person whose phone is open on the list of what waits for them, and a hosted client that may ask them.
struct Waiting {
    world: World,
    region: Region,
    person: Person,
}

impl Waiting {
    async fn at(world: World) -> Self {
        let region = Region::registered(&world, "clientId-01");
        let person = world.sign_in("13800138000").await;
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        Self { world, region, person }
    }

    /// Asks what waits; the whole answer.
    async fn asks(&self) -> Value {
        self.world.call(Call::get("/login/pending").bearer(&self.person.token)).await.json()
    }

    /// Asks, and watches.
    async fn watches(&self, connection: &str) -> String {
        let watch = self.asks().await["watch"].as_str().unwrap().to_owned();
        opens(&self.world, &watch, connection).await;
        watch
    }

    fn told(&self, connections: &[&str]) -> (WatchRef, Vec<String>) {
        let connections = connections.iter().map(|id| (*id).to_owned());
        (WatchRef::of_person(self.person.account), connections.collect())
    }
}

#[tokio::test]
async fn a_phone_that_waits_is_told_when_a_question_comes_and_when_it_ends() {
    let it = Waiting::at(with_sockets()).await;
    let answer = it.asks().await;
    assert_eq!((&answer["pollAfter"], &answer["socketUrl"]), (&json!(3), &json!(SOCKET_URL)));
    it.watches("one=").await;
    it.watches("two=").await;
    assert_eq!(rung(&it.world), [], "to watch changes nothing");
    for accept in [true, false] {
        let trace = it.region.trace(&it.world, both(&it.person)).await;
        assert_eq!(rung(&it.world), [it.told(&["two=", "one="])], "it came");
        let body = json!({"traceId": trace, "accept": accept});
        assert_eq!(remembered::answer(&it.world, &it.person, body).await.status, 200);
        assert_eq!(rung(&it.world), [it.told(&["two=", "one="])], "it ended");
    }
    it.region.trace(&it.world, both(&it.person)).await;
    assert_eq!(rung(&it.world), [], "a QR asks no one");
}

#[tokio::test]
async fn a_phone_that_waits_is_told_of_a_question_by_oauth() {
    let it = Waiting::at(with_sockets()).await;
    let desk = ciba::Server::registered(&it.world, "help-desk");
    desk.scanned_by(&it.world, &it.person).await;
    it.watches("one=").await;
    desk.asked(&it.world, &[]).await;
    assert_eq!(rung(&it.world), [it.told(&["one="])]);
    assert_eq!(ciba::decides(&it.world, &it.person, true, None).await.status, 200);
    assert_eq!(rung(&it.world), [it.told(&["one="])]);
}

// W11
#[tokio::test]
async fn a_phone_is_told_of_no_other_persons_questions() {
    let it = Waiting::at(with_sockets()).await;
    let stranger = it.world.sign_in("13800138001").await;
    let theirs = it.world.call(Call::get("/login/pending").bearer(&stranger.token)).await.text("watch");
    opens(&it.world, &theirs, "theirs=").await;
    let trace = it.region.trace(&it.world, both(&it.person)).await;
    remembered::answer(&it.world, &it.person, json!({"traceId": trace, "accept": true})).await;
    remembered::answer(&it.world, &stranger, json!({"traceId": trace, "accept": true})).await;
    assert_eq!(rung(&it.world), []);
}

// W11 I7: a phone that is signed out gets no new token, and is told nothing once the old one is old.
#[tokio::test]
async fn a_phone_is_told_for_a_quarter_of_an_hour() {
    let it = Waiting::at(with_sockets()).await;
    let watch = it.watches("one=").await;
    it.world.clock.advance(Duration::from_secs(899));
    it.region.trace(&it.world, both(&it.person)).await;
    assert_eq!(rung(&it.world), [it.told(&["one="])]);
    it.world.clock.advance(Duration::from_secs(1));
    it.region.trace(&it.world, both(&it.person)).await;
    assert_eq!(rung(&it.world), []);
    assert_eq!(Handshake::with(&watch).of("late=").at(&it.world).await, refused(401));
}

// W11: of browsers, only our own page watches for a person, whatever site their client has registered.
#[tokio::test]
async fn no_page_of_another_site_watches_for_a_person() {
    let it = Waiting::at(with_sockets()).await;
    register_shop(&it.world);
    let watch = it.watches("one=").await;
    for origin in [SHOP_ORIGIN, "https://evil.example", "null"] {
        let handshake = Handshake::with(&watch).header("Origin", origin).of("other=");
        assert_eq!(handshake.at(&it.world).await, refused(403), "{origin}");
    }
    let app = Handshake::with(&watch).without("Origin").of("app=");
    assert_eq!(app.at(&it.world).await, OPEN, "an app names no site");
    it.region.trace(&it.world, both(&it.person)).await;
    assert_eq!(rung(&it.world), [it.told(&["app=", "one="])]);
}

#[tokio::test]
async fn a_question_is_asked_although_no_phone_can_be_told() {
    let it = Waiting::at(with_sockets()).await;
    it.watches("one=").await;
    it.world.bell.fail(true);
    let (log, guard) = captured();
    let trace = it.region.trace(&it.world, both(&it.person)).await;
    let yes = remembered::answer(&it.world, &it.person, json!({"traceId": trace, "accept": true})).await;
    assert_eq!(yes.status, 200);
    assert_eq!(log.of("a person's phones could not be told").len(), 2);
    drop(guard);
}

/// The answers that open a session whose screen may watch.
async fn opened_everywhere(world: &World) -> Vec<Value> {
    register(world, SITE, ClientAuth::None);
    let device = json!({"deviceName": "BM05", "deviceMac": "22:33"});
    vec![
        world.call(Call::get("/qr/code")).await.json(),
        world.call(Call::post("/api/qrCode/createLoginQrCode").json(&device)).await.json(),
        Page::open(world).await.shown,
    ]
}

#[tokio::test]
async fn every_screen_of_ours_gets_a_socket() {
    let world = with_sockets();
    for (n, opened) in opened_everywhere(&world).await.iter().enumerate() {
        assert_eq!(opened["socketUrl"], SOCKET_URL, "{opened}");
        let connection = format!("c{n}");
        opens(&world, opened["watch"].as_str().unwrap(), &connection).await;
        let id = opened.get("code").or(opened.get("id")).and_then(Value::as_str).unwrap();
        let watching = world.memory.watchers(&SessionCode::parse(id).unwrap());
        assert_eq!(watching.len(), 1);
        assert_eq!(watching[0].connection.as_str(), connection);
    }
}

#[tokio::test]
async fn without_sockets_nothing_is_said_of_them() {
    let world = World::default();
    for opened in opened_everywhere(&world).await {
        assert!(opened["pollToken"].is_string());
        assert!(opened.get("socketUrl").is_none() && opened.get("watch").is_none(), "{opened}");
    }
    for path in ["/", "/phone"] {
        let page = world.call(Call::get(path)).await;
        assert!(page.header("content-security-policy").contains("connect-src 'self';"), "{path}");
    }
    let it = Waiting::at(world).await;
    let answer = it.asks().await;
    assert_eq!(answer, json!({"pending": [], "pollAfter": 3}));
}

// W5
#[tokio::test]
async fn only_a_page_that_waits_reaches_the_socket_and_only_this_one() {
    let world = with_sockets();
    let connects = async |path: &str| {
        let page = world.call(Call::get(path)).await;
        let policy = page.header("content-security-policy").to_owned();
        let mut parts = policy.split("; ").filter_map(|part| part.strip_prefix("connect-src "));
        (parts.next().unwrap().to_owned(), parts.next().is_some())
    };
    for path in ["/", "/authorize", "/phone"] {
        assert_eq!(connects(path).await, (format!("'self' {SOCKET_URL}"), false), "{path}");
    }
    for path in ["/phone?client=shop", "/device", "/account", "/welcome"] {
        assert_eq!(connects(path).await, ("'self'".to_owned(), false), "{path}");
    }
}

// W11
#[tokio::test]
async fn another_origin_opens_no_socket() {
    let world = with_sockets();
    register_shop(&world);
    world.register_client("other", |client| Client {
        origins: vec![Origin::parse("https://other.example").unwrap()],
        ..client
    });
    let ours = Screen::ours(&world).await;
    let shop = Screen::open(&world, "/qr/code?client=shop").await;
    let from = async |screen: &Screen, origin: &str| {
        Handshake::with(&screen.watch).header("Origin", origin).at(&world).await
    };
    for (screen, origin) in [(&ours, ISSUER), (&shop, ISSUER), (&shop, SHOP_ORIGIN)] {
        assert_eq!(from(screen, origin).await, OPEN, "{origin}");
    }
    for (screen, origin) in [
        (&ours, SHOP_ORIGIN),
        (&ours, "https://evil.example"),
        (&shop, "https://other.example"),
        (&shop, "https://evil.example"),
        (&shop, "http://shop.example"),
        (&shop, "https://shop.example:8443"),
        (&shop, "https://shop.example.evil.example"),
        (&shop, "https://shop.example/"),
        (&shop, "https://SHOP.example"),
        (&shop, "null"),
        (&shop, ""),
    ] {
        assert_eq!(from(screen, origin).await, refused(403), "{origin}");
    }
    let mut two = Handshake::with(&shop.watch);
    two.0["multiValueHeaders"]["Origin"] = json!([SHOP_ORIGIN, "https://evil.example"]);
    assert_eq!(two.at(&world).await, refused(403), "two origins");
    let no_browser = Handshake::with(&ours.watch).without("Origin").of("machine=");
    assert_eq!(no_browser.at(&world).await, OPEN, "a machine names no site");
    assert_eq!(ours.watchers(&world), ["machine=", "Sc0pYcBkSQ0CJtw="]);
}

// W11 A15
#[tokio::test]
async fn the_pages_of_a_client_that_is_switched_off_open_no_socket() {
    let world = with_sockets();
    register_shop(&world);
    let shop = Screen::open(&world, "/qr/code?client=shop").await;
    let switched_off = json!({"do": "client.disable", "id": "shop"});
    assert_eq!(world.command(switched_off).await["ok"], true);
    world.clock.advance(Duration::from_secs(11));
    let handshake = Handshake::with(&shop.watch).header("Origin", SHOP_ORIGIN);
    assert_eq!(handshake.at(&world).await, refused(403));
}

// W11 E9
#[tokio::test]
async fn only_a_watch_token_opens_a_socket() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    let screen = Screen::ours(&world).await;
    for step in ["lock", "activate"] {
        done(&app(&world, step, &person, &screen.pc.code).await);
    }
    let ticket = screen.pc.ticket(&world).await;
    let bent = format!("{}x", &screen.watch[..screen.watch.len() - 1]);
    for token in
        [&person.token, &person.refresh_token, &ticket, &screen.pc.poll_token, &screen.pc.code, &bent]
    {
        assert_eq!(Handshake::with(token).at(&world).await, refused(401), "{token}");
    }
    for offered in [
        "",
        "saoma.v1",
        "saoma.v1, saoma.v1",
        &screen.watch,
        &format!("saoma.v2, {}", screen.watch),
        &format!("saoma.v1, {}, x", screen.watch),
        &format!("SAOMA.V1, {}", screen.watch),
    ] {
        let handshake = Handshake::with("").header("Sec-WebSocket-Protocol", offered);
        assert_eq!(handshake.at(&world).await, refused(400), "{offered}");
    }
    assert_eq!(Handshake::with("").without("Sec-WebSocket-Protocol").at(&world).await, refused(400));
    assert_eq!(screen.watchers(&world), [""; 0]);
    let other_way = format!("{},saoma.v1", screen.watch);
    let handshake = Handshake::with("").header("Sec-WebSocket-Protocol", &other_way);
    assert_eq!(handshake.at(&world).await, OPEN, "the order says nothing");
    // E2
    assert_eq!(screen.watchers(&world).len(), 1);
}

// W11
#[tokio::test]
async fn the_token_of_a_session_whose_time_is_over_opens_nothing() {
    let world = with_sockets();
    let screen = Screen::ours(&world).await;
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(Handshake::with(&screen.watch).at(&world).await, OPEN);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(Handshake::with(&screen.watch).of("late=").at(&world).await, refused(401));
    assert_eq!(screen.watchers(&world), ["Sc0pYcBkSQ0CJtw="]);
}

// W11: a session that was used or cancelled has ended before its time is over, and its token still opens a socket.
#[tokio::test]
async fn a_socket_that_opens_after_its_session_has_ended_is_told_nothing() {
    let world = with_sockets();
    let server = register_shop(&world);
    let [person, stranger] = [world.sign_in("13800138000").await, world.sign_in("13800138001").await];
    for last in ["activate", "cancel"] {
        let screen = Screen::open(&world, "/qr/code?client=shop").await;
        for step in ["lock", last] {
            done(&app(&world, step, &person, &screen.pc.code).await);
        }
        if last == "activate" {
            let ticket = screen.pc.ticket(&world).await;
            assert_eq!(exchange(&world, &server, &ticket).await.status, 200, "the session is used");
        }
        opens(&world, &screen.watch, "late=").await;
        assert_eq!(screen.watchers(&world), ["late="], "a step would reach it");
        for who in [&person, &stranger] {
            for step in ["lock", "activate", "cancel"] {
                app(&world, step, who, &screen.pc.code).await;
            }
        }
        assert_eq!(rung(&world), [], "{last}");
        // Its page asks for another code, and that one's steps are no business of this socket.
        let next = Call::get("/qr/code?client=shop").header("token", &screen.pc.poll_token);
        let next = world.call(next).await.text("code");
        done(&app(&world, "lock", &person, &next).await);
        assert_eq!(rung(&world), [], "{last}");
    }
}

// W11
#[tokio::test]
async fn the_token_of_another_session_is_told_nothing_of_this_one() {
    let world = with_sockets();
    let person = world.sign_in("13800138000").await;
    let [mine, theirs] = [Screen::ours(&world).await, Screen::ours(&world).await];
    opens(&world, &theirs.watch, "theirs=").await;
    for step in ["lock", "activate"] {
        done(&app(&world, step, &person, &mine.pc.code).await);
    }
    assert_eq!(rung(&world), []);
}

// W11
#[tokio::test]
async fn a_token_opens_again_and_a_fourth_watcher_takes_the_place_of_the_oldest() {
    let world = with_sockets();
    let screen = Screen::ours(&world).await;
    for connection in ["one=", "two=", "two=", "three=", "four="] {
        opens(&world, &screen.watch, connection).await;
    }
    assert_eq!(screen.watchers(&world), ["four=", "three=", "two="]);
}

// W11
#[tokio::test]
async fn a_thousand_sockets_of_one_address_do_not_close_the_door_to_others() {
    let world = with_sockets();
    let screen = Screen::ours(&world).await;
    let mut statuses = Vec::new();
    for n in 0..1000 {
        let handshake = Handshake::with(&screen.watch).of(&format!("idle-{n}"));
        statuses.push(handshake.at(&world).await.0);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 180);
    assert_eq!(statuses.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([200, 429]));
    assert_eq!(screen.watchers(&world).len(), 3);
    let other = Handshake::with(&screen.watch).of("other=").coming_from("198.51.100.9");
    assert_eq!(other.at(&world).await, OPEN);
    world.clock.advance(Duration::from_secs(61));
    opens(&world, &screen.watch, "later=").await;
}

// D11 W11
#[tokio::test]
async fn a_network_that_tries_tokens_is_slowed_down() {
    let world = with_sockets();
    let screen = Screen::ours(&world).await;
    for n in 0..120 {
        assert_eq!(Handshake::with(&format!("token-{n}")).at(&world).await, refused(401));
    }
    assert_eq!(Handshake::with("one-more").at(&world).await, refused(429));
    assert_eq!(Handshake::with(&screen.watch).coming_from("198.51.100.9").at(&world).await, OPEN);
}

// B12
#[tokio::test]
async fn a_store_that_fails_opens_no_socket_and_a_second_try_does() {
    let world = with_sockets();
    for fault in [Fault::Refused, Fault::AnswerLost] {
        let screen = Screen::ours(&world).await;
        world.memory.inject(0, fault);
        assert_eq!(Handshake::with(&screen.watch).at(&world).await, refused(503), "{fault:?}");
        opens(&world, &screen.watch, "Sc0pYcBkSQ0CJtw=").await;
        assert_eq!(screen.watchers(&world), ["Sc0pYcBkSQ0CJtw="]);
    }
}

// B12
#[tokio::test]
async fn a_socket_that_was_closed_is_counted() {
    let world = with_sockets();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/socket-disconnect.json");
    let closed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    world.clock.advance(Duration::from_secs(8));
    let answer = world.at_socket(&closed).await;
    assert_eq!((answer.status_code, answer.headers.len()), (200, 0));
    assert_eq!(world.counts.of(Metric::SocketSeconds), [(8.0, None)]);
}

// W8 J1
#[tokio::test]
async fn an_odd_event_is_refused_and_nothing_of_a_caller_is_logged() {
    let world = with_sockets();
    let screen = Screen::ours(&world).await;
    let (log, guard) = captured();
    for event in [json!({}), json!([]), json!(null), json!({"Records": []})] {
        assert_eq!(world.at_socket(&event).await.status_code, 400);
    }
    let huge = "x".repeat(1 << 20);
    assert_eq!(Handshake::with(&huge).at(&world).await, refused(401));
    opens(&world, &screen.watch, "one=").await;
    Handshake::with("canary-token").header("Origin", "https://canary.example").at(&world).await;
    drop(guard);
    assert_eq!((log.of("socket").len(), log.of("refused").len()), (1, 6));
    let lines = serde_json::to_string(&(log.of("socket"), log.of("refused"))).unwrap();
    for secret in [screen.watch.as_str(), "canary", &huge[..64], "203.0.113.7"] {
        assert!(!lines.contains(secret), "{lines}");
    }
}
