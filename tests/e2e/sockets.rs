//! A screen that is told over its socket, in a real browser, and one whose socket does not work.

use std::{path::Path, time::Duration};

use saoma_app::system::SystemClock;
use saoma_domain::ports::Clock;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Glass, Language::English, Network},
    kiosk::Machine,
    oauth::Shop,
    other_site::Site,
    people::Person,
    phone::Phone,
    service::eventually,
};

/// How many logins are timed.
const TIMED: usize = 20;
/// The most that half of them may take from the press to the screen, in milliseconds (`docs/scale.md`).
const PROMISED: u64 = 150;
/// How many sets of that many may be timed. A machine that is busy with something else for a while makes one set slow.
const SETS: usize = 3;
/// A page with an open socket polls every 15 s, so a change that shows sooner than this was told.
const AT_ONCE: u64 = 1000;
/// The pause between two polls with a socket, and a little.
const WATCHED_POLL: u64 = 18_000;
/// The longest pause between two polls without a socket, and a little.
const ONE_POLL: u64 = 7000;

/// Has the screen forget when it last signed in.
const FORGET: &str = "localStorage.removeItem('signing-in')";
/// Notes when the confirm is pressed, before the page hears of it.
const NOTE_THE_PRESS: &str =
    "addEventListener('click', () => { window.pressed ??= Date.now(); }, {capture: true})";

/// Notes in a page when it begins to sign in, and how many sockets it opened; `how` may spoil each socket.
fn notes(how: &str) -> String {
    format!(
        "window.sockets = []; const Real = WebSocket;
         window.WebSocket = class extends Real {{
           constructor(url, protocols) {{ super({how}); window.sockets.push(this); }}
         }};
         addEventListener('DOMContentLoaded', () => {{
           const main = document.querySelector('main');
           const note = () => {{
             if (main.dataset.state === 'signing-in') localStorage.setItem('signing-in', Date.now());
           }};
           new MutationObserver(note).observe(main, {{ attributes: true }});
         }});"
    )
}

/// A screen whose person holds a phone that is signed in.
struct Waiting {
    person: Person,
    phone: Phone,
}

impl Waiting {
    /// Before a browser whose sockets are opened so.
    async fn with(how: &str) -> Self {
        let person = Person::at_a_blank_screen(English).await;
        let phone = Phone::signed_in(&person.service).await;
        person.screen.prepare(&notes(how)).await;
        Self { person, phone }
    }

    /// Before a browser whose sockets reach no server.
    async fn without_the_socket_port() -> Self {
        // The page's policy would refuse that address before the network does.
        let waiting = Self::with("'ws://localhost:9/', protocols").await;
        waiting.screen().devtools("Page.setBypassCSP", json!({"enabled": true})).await;
        waiting
    }

    fn screen(&self) -> &Browser {
        &self.person.screen
    }

    /// Opens the sign-in page; what it keeps of its code.
    async fn opens(&self) -> Value {
        self.opens_at(&format!("{}/", self.person.service.url), "saoma.screen").await
    }

    /// Opens a page with a QR; what it keeps of its code, under this name.
    async fn opens_at(&self, address: &str, name: &str) -> Value {
        self.screen().go_to(address).await;
        self.screen().reaches("waiting").await;
        let kept = self.screen().run(&format!("return sessionStorage.getItem('{name}')")).await;
        serde_json::from_str(kept.as_str().unwrap()).unwrap()
    }

    async fn has_an_open_socket(&self) {
        let open = "return window.sockets.some((socket) => socket.readyState === 1)";
        let is_open = async || (self.screen().run(open).await == true).then_some(());
        eventually("an open socket", is_open).await;
    }

    /// A step of the phone, which read the first QR of the page.
    async fn step(&self, code: &Value, step: &str) {
        let path = format!("/q/{}/{step}", read(code));
        self.phone.post(&path, &json!({"matchNumber": code["matchNumber"]})).await.good();
    }

    /// Confirms on the phone; how many milliseconds later the screen showed it.
    async fn confirms(&self, code: &Value) -> u64 {
        self.is_let_in(self.step(code, "confirm")).await
    }

    /// Makes the call that lets the screen in; how many milliseconds later the screen showed it.
    async fn is_let_in(&self, confirms: impl Future<Output = ()>) -> u64 {
        self.screen().run(FORGET).await;
        let confirmed = SystemClock.now();
        confirms.await;
        let shown = self.signs_in_at().await;
        self.screen().reaches("signed-in").await;
        shown.saturating_sub(confirmed.millis())
    }

    /// When the screen showed that it signs in, by the clock of this machine.
    async fn signs_in_at(&self) -> u64 {
        let noted = async || {
            let noted = self.screen().run("return localStorage.getItem('signing-in')").await;
            noted.as_str().and_then(|noted| noted.parse::<u64>().ok())
        };
        eventually("a screen that signs in", noted).await
    }

    /// Times the next login: how many milliseconds after the press on the phone's page the screen showed it.
    async fn is_let_in_by(&self, phone: &Browser) -> u64 {
        let code = self.opens().await;
        self.has_an_open_socket().await;
        phone.go_to(&format!("{}/q/{}", self.person.service.url, read(&code))).await;
        phone.reaches("consent").await;
        self.screen().reaches("scanned").await;
        self.person.picks(phone).await;
        self.screen().run(FORGET).await;
        phone.run(NOTE_THE_PRESS).await;
        phone.press("confirm").await;
        let shown = self.signs_in_at().await;
        let pressed = phone.run("return window.pressed").await.as_u64().expect("a press that was noted");
        shown.saturating_sub(pressed)
    }
}

/// What the first QR of a page holds behind `/Q/`: the code and its tag.
fn read(code: &Value) -> String {
    let [code, tags] = [&code["code"], &code["rotate"]["tags"]].map(|it| it.as_str().unwrap());
    format!("{code}-{}", &tags[..5])
}

// Other tests wait meanwhile (`tests/local/suite.py`).
#[tokio::test]
async fn a_confirm_changes_the_screen_at_once() {
    let waiting = Waiting::with("url, protocols").await;
    let phone = Browser::open(English, Glass::Hand).await;
    waiting.phone.signs_in_on(&waiting.person.service, &phone).await;
    // The emulator's gateway, behind which `make deploy-local` serves, takes longer than all else.
    let as_run = waiting.person.service.variable("SAOMA_SERVED_BY") == "run";
    let most = if as_run { PROMISED } else { AT_ONCE };
    let mut sets: Vec<Vec<u64>> = Vec::new();
    // The first set that keeps the promise is enough, so a failure names all of them.
    while sets.len() < SETS && sets.last().is_none_or(|took| p50(took) >= most) {
        let mut took = Vec::new();
        for _ in 0..TIMED {
            took.push(waiting.is_let_in_by(&phone).await);
        }
        took.sort_unstable();
        sets.push(took);
    }
    waiting.screen().reaches("signed-in").await;
    let took = sets.last().unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("socket-milliseconds.json");
    std::fs::write(file, json!({"confirmToScreen": took}).to_string()).unwrap();
    assert!(p50(took) < most, "p50 is not below {most} ms: {sets:?}");
}

/// The median of a sorted set.
fn p50(sorted: &[u64]) -> u64 {
    sorted[sorted.len() / 2]
}

#[tokio::test]
async fn with_the_socket_port_closed_a_confirm_shows_within_one_poll() {
    let waiting = Waiting::without_the_socket_port().await;
    let code = waiting.opens().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let took = waiting.confirms(&code).await;
    assert!(took < ONE_POLL, "{took} ms");
}

#[tokio::test]
async fn where_sockets_break_a_screen_tries_a_few_times_and_polls() {
    let waiting = Waiting::with("url, protocols").await;
    let breaks = "const Whole = WebSocket; window.WebSocket = class extends Whole { \
         constructor(...all) { super(...all); this.addEventListener('open', () => this.close()); } };";
    waiting.screen().prepare(breaks).await;
    let code = waiting.opens().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    let sockets = waiting.screen().run("return window.sockets.length").await;
    assert_eq!(sockets, 4, "one, and three tries");
    let took = waiting.confirms(&code).await;
    assert!(took < ONE_POLL, "{took} ms");
}

#[tokio::test]
async fn a_screen_that_slept_knows_on_waking() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let tab = waiting.screen().sleeps().await;
    waiting.step(&code, "confirm").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    waiting.screen().wakes(&tab).await;
    waiting.screen().reaches("signed-in").await;
}

#[tokio::test]
async fn a_screen_that_is_told_nothing_still_signs_in() {
    let waiting = Waiting::with("url, protocols").await;
    let deaf =
        "const Hearing = WebSocket; window.WebSocket = class extends Hearing { set onmessage(heard) {} };";
    waiting.screen().prepare(deaf).await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    waiting.screen().reaches("scanned").await;
    let took = waiting.confirms(&code).await;
    assert!(took > AT_ONCE && took < WATCHED_POLL, "{took} ms");
}

#[tokio::test]
async fn on_another_network_a_screen_watches_again() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    waiting.step(&code, "scan").await;
    let screen = waiting.screen();
    screen.reaches("scanned").await;
    screen.connect(Network::Gone).await;
    until(screen, "a closed socket", "window.sockets.every((socket) => socket.readyState > 1)").await;
    let back = json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    screen.devtools("Network.emulateNetworkConditions", back).await;
    waiting.has_an_open_socket().await;
    let took = waiting.confirms(&code).await;
    assert!(took < AT_ONCE, "{took} ms");
}

// The other tests step as our phone's page does. Each function tells screens by itself.
#[tokio::test]
async fn a_screen_is_told_of_the_steps_of_an_app() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    let step = async |path: &str, body: Value| {
        let done = waiting.phone.post(path, &body).await.good();
        assert_eq!(done.json()["statusflag"], 0, "{}", done.told());
    };
    step("/qr/lock", json!({"code": read(&code)})).await;
    waiting.screen().reaches("scanned").await;
    let yes = json!({"code": code["code"], "matchNumber": code["matchNumber"]});
    let took = waiting.is_let_in(step("/qr/activate", yes)).await;
    assert!(took < AT_ONCE, "{took} ms");
}

#[tokio::test]
async fn a_machine_is_told_of_the_steps_of_a_mini_program() {
    let waiting = Waiting::with("url, protocols").await;
    waiting.opens().await;
    let machine = Machine::shows_a_qr(&waiting.person.service).await;
    let page = waiting.screen();
    page.run(&opens("machine", &machine.created())).await;
    until(page, "it is open", "machine.protocol").await;
    for (step, told) in [("scan", 1), ("bind", 2)] {
        waiting.phone.post(&machine.path(step), &json!({"matchNumber": machine.number()})).await.good();
        until(page, "a message", &format!("machine.heard.length === {told}")).await;
    }
}

/// Confirms a login at a site that asks by OAuth, whose page has a socket that is open, or none; how many milliseconds later
/// the browser left for the site.
async fn leaves_for_a_site(waiting: &Waiting, has_a_socket: bool) -> u64 {
    let shop = Shop::opens(&waiting.person.service).await;
    let code = waiting.opens_at(&shop.address(&waiting.person.service), "saoma.authorize").await;
    let page = waiting.screen();
    if has_a_socket {
        waiting.has_an_open_socket().await;
    }
    waiting.step(&code, "scan").await;
    page.reaches("scanned").await;
    let open = "return window.sockets.some((socket) => socket.readyState === 1)";
    assert_eq!(page.run(open).await, has_a_socket);
    let confirmed = SystemClock.now();
    waiting.step(&code, "confirm").await;
    page.reaches("back").await;
    let left = page.run("return Math.round(performance.timeOrigin)").await.as_u64().unwrap();
    left.saturating_sub(confirmed.millis())
}

#[tokio::test]
async fn a_confirm_leads_back_to_a_site_at_once() {
    let waiting = Waiting::with("url, protocols").await;
    let took = leaves_for_a_site(&waiting, true).await;
    assert!(took < AT_ONCE, "{took} ms");
}

#[tokio::test]
async fn with_the_socket_port_closed_a_confirm_leads_back_to_a_site_within_one_poll() {
    let waiting = Waiting::without_the_socket_port().await;
    let took = leaves_for_a_site(&waiting, false).await;
    assert!(took < ONE_POLL, "{took} ms");
}

/// Opens a socket of the test's own in a page, and notes what comes of it under this name.
fn opens(name: &str, code: &Value) -> String {
    let (url, watch) = (&code["socketUrl"], &code["watch"]);
    format!(
        "const mine = window.{name} = {{ heard: [] }};
         mine.socket = new WebSocket({url}, ['saoma.v1', {watch}]);
         mine.socket.onopen = () => {{ mine.protocol = mine.socket.protocol; }};
         mine.socket.onmessage = ({{ data }}) => mine.heard.push(data);
         mine.socket.onclose = ({{ code }}) => {{ mine.closed = code; }};"
    )
}

/// Waits until what was noted holds.
async fn until(page: &Browser, what: &str, holds: &str) {
    let script = format!("return Boolean({holds})");
    eventually(what, async || (page.run(&script).await == true).then_some(())).await;
}

// W11
#[tokio::test]
async fn what_a_screen_sends_is_ignored_and_ends_no_other_socket() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    let page = waiting.screen();
    page.run(&opens("quiet", &code)).await;
    page.run(&opens("loud", &code)).await;
    until(page, "both open", "quiet.protocol === 'saoma.v1' && loud.protocol === 'saoma.v1'").await;
    let sends = "for (const it of ['', 'garbage', '{\"action\": \"$disconnect\"}', '[', new Uint8Array([0, 255])]) loud.socket.send(it);
         loud.socket.send('x'.repeat(1 << 20));";
    page.run(sends).await;
    waiting.step(&code, "scan").await;
    until(page, "a message", "quiet.heard.length === 1").await;
    assert_eq!(page.run("return quiet.heard[0]").await, r#"{"poll": true}"#);
    let others = page.run("return loud.heard.filter((it) => it !== '{\"poll\": true}')").await;
    assert_eq!(others, json!([]), "nothing but that is ever said");
    page.reaches("scanned").await;
}

// W11
#[tokio::test]
async fn of_many_sockets_of_a_session_the_newest_three_are_told() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    waiting.has_an_open_socket().await;
    let page = waiting.screen();
    for name in ["one", "two", "three", "four"] {
        page.run(&opens(name, &code)).await;
        until(page, "it is open", &format!("{name}.protocol")).await;
    }
    waiting.step(&code, "scan").await;
    until(page, "three are told", "[two, three, four].every((it) => it.heard.length === 1)").await;
    assert_eq!(page.run("return one.heard").await, json!([]));
}

// W11
#[tokio::test]
async fn a_page_of_another_site_opens_no_socket() {
    let waiting = Waiting::with("url, protocols").await;
    let code = waiting.opens().await;
    let site = Site::found().await;
    let origin = site.origin.clone();
    site.shows("<!doctype html><title>Another site</title><main></main>");
    let page = waiting.screen();
    page.new_tab(&format!("{origin}/")).await;
    page.run(&opens("mine", &code)).await;
    until(page, "it is refused", "mine.closed").await;
    assert_eq!(page.run("return mine.protocol ?? 'none'").await, "none");
}
